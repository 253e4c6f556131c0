/// Keeps a key and renews it before it ends. One fetch at a time, however many transfers ask, and at most one in ten seconds while there is a
/// key that can be used.
actor AWSCredentialKeeper {
    /// How long before its end a key is renewed. Milliseconds.
    static let renewBefore: Int64 = 300_000
    /// Until then a key is used while another one is fetched, so that a source that hangs holds no transfer up. Milliseconds before its end.
    static let usableUntil: Int64 = 30_000
    /// A key without an end is looked at again after this: a file may have been replaced. A renewal that failed, or gave the same key, is
    /// repeated after this. Milliseconds.
    static let lookAgainAfter: Int64 = 10_000

    private let source: any AWSCredentialSource
    private let now: @Sendable () -> Int64
    private var known: AWSCredentials?
    /// When the source was last asked, whatever came of it.
    private var askedAt: Int64?
    private var fetching: Task<Result<AWSCredentials, AWSCredentialProblem>, Never>?

    /// - Parameter now: the wall clock, milliseconds since 1970.
    init(_ source: any AWSCredentialSource, now: @escaping @Sendable () -> Int64) {
        self.source = source
        self.now = now
    }

    deinit { fetching?.cancel() }

    /// A key that is good for a while.
    func current() async throws(AWSCredentialProblem) -> AWSCredentials {
        guard let known, let left = timeLeft(known) else {
            return try await fetch().get()
        }
        // The clock may have been set back.
        let isRecent = askedAt.map { (0..<Self.lookAgainAfter).contains(now() - $0) } ?? false
        if left > Self.renewBefore || isRecent { return known }
        if known.expires != nil, left > Self.usableUntil {
            renew()
            return known
        }
        switch await fetch() {
        case .success(let credentials): return credentials
        case .failure(let problem):
            // The old one is good to its end.
            if known.expires != nil, timeLeft(known) != nil { return known }
            self.known = nil
            throw problem
        }
    }

    /// A refused key is not used again before the source was asked.
    func refused(_ credentials: AWSCredentials) {
        if known == credentials { known = nil }
    }

    /// Milliseconds until the key ends, 0 for one without an end, nil when it has ended.
    private func timeLeft(_ credentials: AWSCredentials) -> Int64? {
        guard let expires = credentials.expires else { return 0 }
        let left = expires - now()
        return left > 0 ? left : nil
    }

    /// Fetches without being waited for.
    private func renew() {
        guard fetching == nil else { return }
        let task = begin()
        Task { [weak self] in
            let result = await task.value
            await self?.ended(result)
        }
    }

    private func fetch() async -> Result<AWSCredentials, AWSCredentialProblem> {
        if let fetching { return await Self.value(of: fetching) }
        let task = begin()
        let result = await Self.value(of: task)
        ended(result)
        return result
    }

    private func begin() -> Task<Result<AWSCredentials, AWSCredentialProblem>, Never> {
        let source = source
        askedAt = now()
        let task = Task { () -> Result<AWSCredentials, AWSCredentialProblem> in
            do throws(AWSCredentialProblem) {
                return .success(try await source.fetch())
            } catch {
                return .failure(error)
            }
        }
        fetching = task
        return task
    }

    private func ended(_ result: Result<AWSCredentials, AWSCredentialProblem>) {
        fetching = nil
        if case .success(let credentials) = result { known = credentials }
    }

    /// A stop ends it: then no delivery goes on that could use the key.
    private static func value(
        of task: Task<Result<AWSCredentials, AWSCredentialProblem>, Never>
    ) async -> Result<AWSCredentials, AWSCredentialProblem> {
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
