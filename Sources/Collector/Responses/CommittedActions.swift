import CLinux
import FoundationEssentials
import Glibc
import Synchronization

/// Keeps the newest events from Okta about response actions. An event is added once it is durable in the spool. A responder may wait for such an
/// event.
///
/// The response helper reads these events from the file ``fileName`` in the runtime directory.
final class CommittedActions: Sendable {
    static let fileName = "actions.json"
    /// The maximum number of events that are kept. A responder waits at most two minutes for an event, and all responders together cause fewer than
    /// this many events in two minutes.
    static let limit = 1_000

    /// One of Okta's events about a response action.
    struct Action: Codable, Equatable, Sendable {
        var integration: String
        var eventType: String
        /// The event's `transaction.id`: the request id of the call that caused the event.
        var transactionID: String
        var uuid: String
        /// When the event became durable, as RFC 3339. ``CommittedActions/add(_:at:)`` sets it.
        var committedAt = ""

        private enum CodingKeys: String, CodingKey {
            case integration, uuid
            case eventType = "event_type"
            case transactionID = "transaction_id"
            case committedAt = "committed_at"
        }
    }

    private struct State {
        var actions: [Action] = []
        var isChanged = true
    }

    private struct Content: Encodable {
        var actions: [Action]
    }

    private let state = Mutex(State())

    var actions: [Action] { state.withLock(\.actions) }

    /// Adds a page's events about response actions, and sets their ``Action/committedAt``.
    ///
    /// - Parameter now: when the events became durable, in milliseconds since 1970.
    func add(_ actions: [Action], at now: Int64) {
        guard !actions.isEmpty else { return }
        let committed = actions.map { action in
            var action = action
            action.committedAt = WallClock.text(now)
            return action
        }
        state.withLock { state in
            state.actions.append(contentsOf: committed)
            state.actions.removeFirst(max(0, state.actions.count - Self.limit))
            state.isChanged = true
        }
    }

    /// Replaces the file, unless it already has all events. If that fails, the next call tries again. The file need not survive the daemon, so it is
    /// not synced.
    func write(to directory: String) {
        guard state.withLock(\.isChanged) else { return }
        let actions = state.withLock { state in
            state.isChanged = false
            return state.actions
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let path = "\(directory)/\(Self.fileName)"
        guard let data = try? encoder.encode(Content(actions: actions)), Self.replace(path, data) else {
            return state.withLock { $0.isChanged = true }
        }
    }

    private static func replace(_ path: String, _ data: Data) -> Bool {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { return false }
        // Readable for all users, whatever the umask: the helper runs as another user, and the file contains no secret.
        fchmod(file, 0o644)
        let isWritten = data.withUnsafeBytes { bytes in Glibc.write(file, bytes.baseAddress, bytes.count) == bytes.count
        }
        close(file)
        return isWritten && rename(temporary, path) == 0
    }
}

extension CommittedActions.Action {
    /// Reads a record that the normalizer made; nil if its event is not about a response action, or has no transaction id. Only the beginning of the
    /// record is searched, because a record begins with `metadata`.
    init?(record: UnsafeRawBufferPointer, integration: String) {
        let metadata = UnsafeRawBufferPointer(rebasing: record.prefix(2_048))
        guard let type = Self.text(after: "\"event_code\":\"", in: metadata),
            Self.types.contains(where: { type.holds($0) }),
            let transaction = Self.text(after: "\"correlation_uid\":\"", in: metadata),
            let uuid = Self.text(after: "\"uid\":\"", in: metadata)
        else { return nil }
        self.init(
            integration: integration, eventType: String(decoding: type, as: UTF8.self),
            transactionID: String(decoding: transaction, as: UTF8.self), uuid: String(decoding: uuid, as: UTF8.self))
    }

    /// The types of the events that Okta writes for the calls of response actions (System Log event types).
    private static let types: [StaticString] = [
        "user.lifecycle.suspend", "user.lifecycle.unsuspend", "user.lifecycle.deactivate", "user.lifecycle.activate",
        "user.lifecycle.reactivate", "user.session.clear", "user.account.expire_password",
        "user.account.reset_password", "user.account.unlock_by_admin", "user.account.unlock",
        "user.mfa.factor.reset_all", "group.user_membership.add", "group.user_membership.remove",
        "user.authentication.universal_logout", "user.authentication.universal_logout.scheduled", "user.risk.change",
    ]

    /// The contents of the first string with this key. The strings that are read here contain no escapes.
    private static func text(after key: StaticString, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let start = bytes.baseAddress,
            let found = memmem(start, bytes.count, key.utf8Start, key.utf8CodeUnitCount)
        else { return nil }
        let value = UnsafeRawBufferPointer(
            rebasing: bytes.dropFirst(start.distance(to: UnsafeRawPointer(found)) + key.utf8CodeUnitCount))
        guard let text = value.baseAddress, let end = memchr(text, 0x22, value.count) else { return nil }
        return UnsafeRawBufferPointer(rebasing: value.prefix(text.distance(to: UnsafeRawPointer(end))))
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func holds(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let start = baseAddress else { return false }
        return memcmp(start, text.utf8Start, count) == 0
    }
}
