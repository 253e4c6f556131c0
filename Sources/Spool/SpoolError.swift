import CommandHints
import Glibc

/// An error of the spool. The description says what happened and where, and in most cases what to do. No case holds a record's contents or a cursor.
package enum SpoolError: Error, Sendable, Equatable {
    /// Another process, or another object in this process, has locked the directory. `process` is the process id in the lock file; nil if it can't be
    /// read.
    case locked(directory: String, process: String?)
    /// The same `Spool` already has a writer for this integration.
    case writerInUse(integration: String)
    /// A system call failed.
    case file(FileError)
    /// A file was written by a newer Tributary.
    case newerFormat(path: String, found: UInt32, supported: UInt32)
    /// A journal that belongs to another spool.
    case foreignSpool(path: String, expected: String, found: String)
    /// There are journals, but the spool that they belong to is missing.
    case spoolIsMissing(directory: String, stateDirectory: String, integrations: [String])
    /// A journal or the manifest was deleted, moved or replaced while it was open.
    case deleted(path: String, holds: DeletedContents)
    /// A journal that belongs to another integration.
    case otherIntegration(path: String, expected: String, found: String)
    /// The contents of a file differ from what was written, or the path is not a regular file.
    case damaged(path: String, reason: String)
    /// A commit would exceed `max_bytes`. Nothing was written.
    case full(used: Int64, limit: Int64)
    /// A name that is not valid in the spool: of an integration, a partition or a segment file.
    case invalidName(String, reason: String)
    /// A record that can't be stored as a line.
    case invalidRecord(reason: String)
    /// A limit is exceeded. `what` names it, such as `bytes in a commit`. For a limit of one commit, commit more often. For a limit of a journal
    /// generation, seal and try again.
    case tooMuch(what: String, limit: Int)
    /// `seal` was called while records are buffered: commit or discard them first.
    case uncommittedRecords(Int)
    /// A staged seal of a shared spool waits for its decision.
    case sealUndecided(integration: String)
    /// An operation on the fleet's bucket failed, but may succeed later: not before `retryAfter`, if the bucket has said so.
    case bucket(String, retryAfter: Duration?)
    /// A seal has begun a new journal generation since the `PartitionID` was created or the records were buffered. Call `partition` again, and append
    /// the records again.
    case stalePartition
    /// The directory is not a spool.
    case notASpool(path: String)
    /// An invalid request, with the reason in words.
    case refused(String)
    /// zlib, zstd or libcrypto reported an error, or there was not enough memory.
    case codec(String)

    /// The errno of the failed system call, if there was one.
    package var errnoCode: Int32? {
        if case .file(let error) = self { error.code } else { nil }
    }
}

extension SpoolError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let directory, let process):
            "\(directory) is in use by \(process.map { "process \($0)" } ?? "another process"): "
                + "stop that daemon first, or configure other directories for this one"
        case .writerInUse(let integration):
            "integration \(integration) already has a writer: integration names must be unique"
        case .file(let error): error.description
        case .newerFormat(let path, let found, let supported):
            "\(path) has format \(found), but this version supports formats up to \(supported): "
                + "install the version that wrote it, or a newer one; the file was not changed"
        case .foreignSpool(let path, let expected, let found):
            "\(path) belongs to spool \(found), not to \(expected): restore the spool that this file belongs to, "
                + "or move the file away to start this integration again from its configured start"
        case .spoolIsMissing(let directory, let state, let integrations):
            "\(directory) is missing or empty, but \(state) has the journals of "
                + "\(integrations.prefix(3).joined(separator: ", "))\(integrations.count > 3 ? ", …" : ""): "
                + "mount the spool, or restore it from the backup. "
                + "To begin with an empty spool, move \(state)/integrations away: then collection starts from the configured start"
        case .deleted(let path, .spool):
            "\(path) was deleted or replaced while Tributary was running, and perhaps the spool with it: nothing is collected. Stop Tributary "
                + "and restore the spool and the state directory together, or follow /usr/share/doc/tributary/backup.md"
        case .deleted(let path, .state):
            "\(path) was deleted or replaced while Tributary was running, and perhaps the state directory with it: nothing is collected. "
                + "Restart Tributary: it collects again from the configured start, and stores only records that the spool does not have. "
                + "If there is a backup of the state, restore it first"
        case .otherIntegration(let path, let expected, let found):
            "\(path) belongs to integration \(found), not to \(expected): rename the directory back; "
                + "to rename an integration, seal it first (an orderly stop of the daemon does that) and start under the new name"
        case .damaged(let path, let reason): "\(path) is damaged (\(reason)): \(Self.advice(damaged: path))"
        case .full(let used, let limit):
            "the spool holds \(used) of at most \(limit) bytes: let a loader or `\(CommandHint.command("spool prune"))` delete segments, "
                + "or raise spool.max_bytes; collection waits, nothing is dropped"
        case .invalidName(let name, let reason): "\"\(name)\" is not a valid name in the spool: \(reason)"
        case .invalidRecord(let reason): "a record can't be stored: \(reason)"
        case .tooMuch(let what, let limit): "the limit of \(limit) \(what) is exceeded"
        case .uncommittedRecords(let count):
            "the buffer has uncommitted records (\(count)): commit or discard them before sealing"
        case .sealUndecided(let integration):
            "integration \(integration) waits until its seal is decided in the fleet's bucket"
        case .bucket(let words, _): "the fleet's bucket: \(words)"
        case .stalePartition:
            "a seal has begun a new journal generation, so the partition and its buffered records are no longer valid: "
                + "request the partition again, and append the records again"
        case .notASpool(let path):
            "\(path) has no _spool.json, so it is not a spool: specify the spool's directory. The daemon creates the spool when it first starts"
        case .refused(let words): words
        case .codec(let reason): "compression or hashing failed: \(reason)"
        }
    }

    private static func advice(damaged path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard Journal.generation(fileName: name) != nil else { return "restore it" }
        return "restore it, or move it away; without a journal the integration starts again from its configured start"
    }
}

/// The directory to which a deleted file belonged.
package enum DeletedContents: Sendable, Equatable {
    case spool, state
}

/// A failed system call: which one, its path, and its errno (see errno(3)).
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: FileOperation
    package let path: String
    package let code: Int32

    package init(_ operation: FileOperation, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String {
        let advice =
            switch code {
            case ENOSPC, EDQUOT: ": free space there; Tributary then continues automatically"
            case EACCES, EPERM: ": the user that runs this process needs access to this path"
            case EROFS: ": the file system is read-only; the kernel log has the reason"
            case EIO: ": the disk reports an error, see the kernel log"
            case EMFILE, ENFILE: ": raise LimitNOFILE"
            default: ""
            }
        return "\(operation.rawValue) \(path): \(String(cString: strerror(code))) (errno \(code))\(advice)"
    }
}
