import CurlHTTPClient

/// The pager's own source of randomness: a seed gives a run back.
package typealias SeededGenerator = Jitter
