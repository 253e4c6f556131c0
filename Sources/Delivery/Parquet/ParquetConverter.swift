import CurlHTTPClient
import Dispatch
import FoundationEssentials
import Glibc
import Spool
import Synchronization

/// Makes a Parquet file of a segment, one after the other, by a helper that stays for the next ones.
final class ParquetConverter: Sendable {
    /// Why there is no file.
    enum Failure: Error {
        /// It may go well another time.
        case notYet(DeliveryTrouble)
        /// It won't, for this segment.
        case refused(DeliveryTrouble)
        case cancelled
    }

    private let python: String
    private let script: String
    /// How long one file may take.
    private let timeout: Duration
    private let queue = DispatchQueue(label: "tributary.parquet")
    private let work: Work
    /// The helper's process while there is one.
    private let running = Mutex<pid_t>(0)

    /// What only the queue touches.
    private final class Work: @unchecked Sendable {
        var helper: ParquetHelper?
        /// For files that are being made; this process's alone.
        var directory: String?

        deinit {
            if let directory { rmdir(directory) }
        }
    }

    /// Starts nothing yet.
    init(python: String, script: String = ParquetHelper.installed, timeout: Duration = .seconds(600)) {
        self.python = python
        self.script = script
        self.timeout = timeout
        work = Work()
        // A helper that dies is told by its end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Makes a segment's file. It has no name any more, so it is gone when it is let go of.
    ///
    /// - Returns: the file, and its SHA-256 in lower-case hexadecimal digits.
    func convert(_ segment: DeliverySegment) async throws(Failure) -> (upload: HTTPUpload, sha256: String) {
        try await run { (work) throws(Failure) in try self.make(segment, work) }
    }

    /// Whether the helper can be started at all.
    func check() async throws(Failure) {
        try await run { (work) throws(Failure) in _ = try self.helper(work) }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (Work) throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let isOver = Mutex(false)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Swift.Result<Result, Failure>, Never>) in
                // It blocks, so not on a thread of the cooperative pool.
                queue.async { [work] in
                    continuation.resume(
                        returning: Swift.Result { () throws(Failure) in
                            if isOver.withLock({ $0 }) { throw .cancelled }
                            // From its turn on: before, another segment has the helper.
                            let guardian = Task {
                                try await Task.sleep(for: self.timeout, clock: .continuous)
                                self.end()
                            }
                            defer { guardian.cancel() }
                            return try body(work)
                        })
                }
            }
        } onCancel: {
            isOver.withLock { $0 = true }
            self.end()
        }
        if Task.isCancelled { throw .cancelled }
        return try outcome.get()
    }

    /// Ends the helper, whatever it does.
    private func end() {
        running.withLock { if $0 > 0 { kill($0, SIGKILL) } }
    }

    private func make(
        _ segment: DeliverySegment, _ work: Work
    ) throws(Failure) -> (upload: HTTPUpload, sha256: String) {
        let helper = try helper(work)
        let file = try directory(work) + "/segment.parquet"
        do {
            try helper.write(
                file, segment: segment.path, className: segment.className, records: segment.records,
                in: segment.spool)
            let sha256 = try FileDigest.sha256(of: file)
            let upload = try HTTPUpload(path: file)
            unlink(file)
            return (upload, sha256)
        } catch {
            drop(work)
            unlink(file)
            throw Self.failure(error, segment)
        }
    }

    private func helper(_ work: Work) throws(Failure) -> ParquetHelper {
        if let helper = work.helper { return helper }
        do {
            let helper = try ParquetHelper(python: python, script: script) { number in
                running.withLock { $0 = number }
            }
            work.helper = helper
            return helper
        } catch {
            running.withLock { $0 = 0 }
            throw Self.failure(error, nil)
        }
    }

    private func drop(_ work: Work) {
        // Before it is waited for: then its number may be another's.
        running.withLock {
            if $0 > 0 { kill($0, SIGKILL) }
            $0 = 0
        }
        work.helper = nil
    }

    private func directory(_ work: Work) throws(Failure) -> String {
        if let directory = work.directory { return directory }
        let above = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp"
        var template = Array("\(above)/tributary-parquet-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .notYet(
                DeliveryTrouble(
                    "no directory can be made in \(above): \(FileFailure.words(errno))",
                    remedy: "Free space there, or name another directory by TMPDIR"))
        }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        work.directory = directory
        return directory
    }

    private static func failure(_ error: any Error, _ segment: DeliverySegment?) -> Failure {
        let what = segment.map { "no Parquet can be made of \($0.path)" } ?? "no Parquet can be made"
        switch error {
        case let problem as ParquetHelper.Problem:
            let trouble = DeliveryTrouble(
                "\(what): \(problem.words)",
                remedy: "Mend it; it is tried again, and python in the configuration names the Python")
            return problem.kind == .data ? .refused(trouble) : .notYet(trouble)
        case SpoolError.damaged, SpoolError.tooMuch:
            return .refused(
                DeliveryTrouble("\(what): \(error)", remedy: "Check it with `tributary spool verify` and restore it"))
        default:
            return .notYet(
                DeliveryTrouble(
                    "\(what): \(error)", remedy: "Give the service's user access, and free space in /var/tmp"))
        }
    }
}
