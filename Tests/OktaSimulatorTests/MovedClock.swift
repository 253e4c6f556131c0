import Foundation
import Synchronization

/// A clock that moves only when a test moves it. It begins at the time of its creation.
final class MovedClock: Sendable {
    private let milliseconds = Mutex(Int64(Date().timeIntervalSince1970 * 1000))

    /// The time in milliseconds since 1970, for `OrgSettings.clock`.
    var read: @Sendable () -> Int64 { { self.milliseconds.withLock(\.self) } }

    func advance(seconds: Int64) { milliseconds.withLock { $0 += seconds * 1000 } }
}
