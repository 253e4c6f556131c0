import CurlHTTPClient

/// The pager's generator of random numbers: the same seed repeats a run.
package typealias SeededGenerator = Jitter
