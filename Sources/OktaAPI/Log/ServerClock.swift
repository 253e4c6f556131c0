import CurlHTTPClient

/// The server's clock according to its `Date` headers. Assertions and proofs contain a time of this clock, because the local clock may be wrong, and
/// Okta refuses them if they are too old or from the future.
struct ServerClock: Sendable, Hashable {
    /// Milliseconds to add to the local clock. The result is usually slightly too early, because `Date` drops the fraction of a second, and because
    /// the answer needed time to arrive. That is safe, because a signed time must not be in the future.
    private(set) var offset: Int64 = 0

    /// Learns from any answer with a readable `Date`.
    mutating func learn(from headers: HTTPHeaders, local: UTCTime) {
        guard let date = headers.first("Date").flatMap({ UTCTime(httpDate: $0) }) else { return }
        offset = date.milliseconds - local.milliseconds
    }

    /// Seconds since 1970 by the server's clock.
    func seconds(local: UTCTime) -> Int64 { UTCTime(milliseconds: local.milliseconds + offset).seconds }
}
