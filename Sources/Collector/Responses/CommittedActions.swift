import CLinux
import FoundationEssentials
import Glibc
import Synchronization

/// Okta's events of response actions that are durable in the spool, the newest ones, for a responder who waits for them.
///
/// They are told in ``fileName`` in the runtime directory, which the response helper reads.
final class CommittedActions: Sendable {
    static let fileName = "actions.json"
    /// More than all responders do in the two minutes that one waits.
    static let limit = 1_000

    /// One of Okta's events.
    struct Action: Codable, Equatable, Sendable {
        var integration: String
        var eventType: String
        /// `transaction.id`, which is the request id of the call that the event is of.
        var transactionID: String
        var uuid: String
        /// RFC 3339; set with ``CommittedActions/add(_:at:)``.
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

    /// - Parameter now: when they became durable, in milliseconds since 1970.
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

    /// Replaces the file if there is news. What can't be written now is tried at the next call: it says nothing that must outlive the daemon.
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
        // Whatever the umask: the helper is another user, and there is no secret in it.
        fchmod(file, 0o644)
        let isWritten = data.withUnsafeBytes { bytes in Glibc.write(file, bytes.baseAddress, bytes.count) == bytes.count
        }
        close(file)
        return isWritten && rename(temporary, path) == 0
    }
}

extension CommittedActions.Action {
    /// Of a record that the normalizer made; nil if its event is none of a response action. `metadata` stands first in a record.
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

    /// Event types that Okta writes for a call that a response action makes (System Log event types).
    private static let types: [StaticString] = [
        "user.lifecycle.suspend", "user.lifecycle.unsuspend", "user.lifecycle.deactivate", "user.lifecycle.activate",
        "user.lifecycle.reactivate", "user.session.clear", "user.account.expire_password",
        "user.account.reset_password", "user.account.unlock_by_admin", "user.account.unlock",
        "user.mfa.factor.reset_all", "group.user_membership.add", "group.user_membership.remove",
        "user.authentication.universal_logout", "user.authentication.universal_logout.scheduled", "user.risk.change",
    ]

    /// The text of the first member with a key, up to the closing quotation mark: no text that is looked for here has escapes.
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
