import CurlHTTPClient
import Dispatch
import Glibc
import Spool
import Synchronization

/// Converts segments to Parquet files, one after the other, with a helper process that is reused.
final class ParquetConverter: Sendable {
    /// Why a segment was not converted.
    enum Failure: Error {
        /// A temporary failure, which is retried.
        case notYet(DeliveryTrouble)
        /// A permanent failure for this segment.
        case refused(DeliveryTrouble)
        case cancelled
    }

    private let python: String
    private let script: String
    /// How long one file may take.
    private let timeout: Duration
    private let queue = DispatchQueue(label: "tributary.parquet")
    private let work: Work
    /// The id of the helper's process; 0 while there is none.
    private let running = Mutex<pid_t>(0)

    /// A flag that any thread can set, and that is never cleared.
    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock(\.self) }
        func set() { value.withLock { $0 = true } }
    }

    /// State that is only used on the queue.
    private final class Work: @unchecked Sendable {
        var helper: ParquetHelper?
        /// The directory for unfinished files, which only this process uses.
        var directory: TemporaryDirectory?
        /// Whether the present conversion was stopped or has reached its time limit.
        var isOver: @Sendable () -> Bool = { false }
    }

    /// Does not start the helper yet.
    init(python: String, script: String = ParquetHelper.installed, timeout: Duration = .seconds(600)) {
        self.python = python
        self.script = script
        self.timeout = timeout
        work = Work()
        // Writing to a helper that has ended must not end this process. The failed write shows that the helper has ended.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Converts a segment to a Parquet file. The returned file is already unlinked, so it disappears when its descriptor is closed.
    ///
    /// - Returns: the file, and its SHA-256 in lower-case hexadecimal digits.
    func convert(_ segment: DeliverySegment) async throws(Failure) -> (upload: HTTPUpload, sha256: String) {
        try await run { (work) throws(Failure) in try self.make(segment, work) }
    }

    /// Tests whether the helper can be started. Throws if it can't.
    func check() async throws(Failure) {
        try await run { (work) throws(Failure) in _ = try self.helper(work) }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (Work) throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let isOver = Flag()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Swift.Result<Result, Failure>, Never>) in
                // `body` blocks its thread, so it must not run on a thread of the cooperative pool.
                queue.async { [work] in
                    continuation.resume(
                        returning: Swift.Result { () throws(Failure) in
                            if isOver.isSet { throw .cancelled }
                            work.isOver = { isOver.isSet }
                            // The time limit starts only here, because this work may have waited in the queue while the helper converted another
                            // segment.
                            let guardian = Task {
                                try await Task.sleep(for: self.timeout, clock: .continuous)
                                isOver.set()
                                self.end()
                            }
                            defer { guardian.cancel() }
                            return try body(work)
                        })
                }
            }
        } onCancel: {
            isOver.set()
            self.end()
        }
        if Task.isCancelled { throw .cancelled }
        return try outcome.get()
    }

    /// Kills the helper.
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
                // While the helper was being started, it could not be killed yet.
                if work.isOver() { end() }
            }
            work.helper = helper
            return helper
        } catch {
            running.withLock { $0 = 0 }
            throw Self.failure(error, nil)
        }
    }

    private func drop(_ work: Work) {
        // The helper's id is cleared before waiting for the helper, because afterwards the id may belong to another process.
        running.withLock {
            if $0 > 0 { kill($0, SIGKILL) }
            $0 = 0
        }
        work.helper = nil
    }

    private func directory(_ work: Work) throws(Failure) -> String {
        if let directory = work.directory, directory.exists { return directory.path }
        do throws(DeliveryTrouble) {
            let directory = try TemporaryDirectory(prefix: Self.prefix)
            work.directory = directory
            return directory.path
        } catch {
            throw .notYet(error)
        }
    }

    /// The beginning of the name of the temporary directory; the rest is random.
    static let prefix = "tributary-parquet-"

    private static func failure(_ error: any Error, _ segment: DeliverySegment?) -> Failure {
        let what = segment.map { "cannot convert \($0.path) to Parquet" } ?? "cannot make Parquet files"
        switch error {
        case let problem as ParquetHelper.Problem:
            let trouble = DeliveryTrouble(
                "\(what): \(problem.words)",
                remedy: "Correct the problem; Tributary retries. "
                    + "To use another Python interpreter, change the setting “python” of the destination")
            return problem.kind == .data ? .refused(trouble) : .notYet(trouble)
        case SpoolError.damaged, SpoolError.tooMuch:
            return .refused(
                DeliveryTrouble(
                    "\(what): \(error)", remedy: DeliveryTrouble.damageRemedy
                ))
        default:
            return .notYet(
                DeliveryTrouble(
                    "\(what): \(error)",
                    remedy: "Check that the service's user can read the segment, and that /var/tmp has free space"))
        }
    }
}
