import CurlHTTPClient

/// The random generator that the pager also uses. The same seed gives the same numbers.
package typealias SeededGenerator = Jitter
