import Foundation
import Synchronization

/// A clock that goes on only when a test says so; it begins at the time of its making.
final class MovedClock: Sendable {
    private let milliseconds = Mutex(Int64(Date().timeIntervalSince1970 * 1000))

    /// Milliseconds since 1970, for `OrgSettings.clock`.
    var read: @Sendable () -> Int64 { { self.milliseconds.withLock(\.self) } }

    func advance(seconds: Int64) { milliseconds.withLock { $0 += seconds * 1000 } }
}
