/// The server's clock as its `Date` headers tell it. Okta refuses assertions and proofs that are old or of the future, so a wrong local
/// clock would lock a service app out.
struct ServerClock: Sendable, Hashable {
    /// Milliseconds to add to the local clock. A little low by nature: `Date` drops the fraction and is as old as the way of the answer,
    /// and what is signed must not lie in the future.
    private(set) var offset: Int64 = 0

    /// Learns from any answer; one without a readable `Date` teaches nothing.
    mutating func learn(from headers: HTTPHeaders, local: UTCTime) {
        guard let date = headers.first("Date").flatMap({ UTCTime(httpDate: $0) }) else { return }
        offset = date.milliseconds - local.milliseconds
    }

    /// Seconds since 1970 by the server's clock.
    func seconds(local: UTCTime) -> Int64 { UTCTime(milliseconds: local.milliseconds + offset).seconds }
}
