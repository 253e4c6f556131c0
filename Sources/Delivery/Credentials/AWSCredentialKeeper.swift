/// Keeps an access key and renews it before it expires. At most one fetch runs at a time, and all transfers share its result. While there is a usable
/// key, a fetch begins at most every ten seconds. After a fetch that failed, or that returned a refused key, the next one begins at least two seconds
/// after it began.
actor AWSCredentialKeeper {
    /// A key is renewed this many milliseconds before it expires.
    static let renewBefore: Int64 = 300_000
    /// While a new key is being fetched, transfers use the old key until this many milliseconds before it expires. Until then, a slow source delays
    /// no transfer.
    static let usableUntil: Int64 = 30_000
    /// The shortest interval between two fetches while there is a usable key, in milliseconds. A key without expiry is read again after this
    /// interval, because its file may have been replaced. A renewal is repeated after this interval if it has failed, or returned a key that expires
    /// soon.
    static let lookAgainAfter: Int64 = 10_000

    /// The shortest interval between two fetches, in milliseconds, if the first one failed or returned a key that the store had already refused.
    static let retryAfter: Int64 = 2_000

    private let source: any AWSCredentialSource
    private let now: @Sendable () -> Int64
    private var known: AWSCredentials?
    /// When the last fetch began, whether or not it succeeded; nil before the first fetch.
    private var askedAt: Int64?
    private var fetching: Task<Result<AWSCredentials, AWSCredentialProblem>, Never>?
    /// The key that the store has refused last.
    private var refusedKey: AWSCredentials?
    /// The result of the last fetch if it was of no use: the fetch failed, or returned `refusedKey`.
    private var useless: Result<AWSCredentials, AWSCredentialProblem>?

    /// - Parameter now: the wall clock, milliseconds since 1970.
    init(_ source: any AWSCredentialSource, now: @escaping @Sendable () -> Int64) {
        self.source = source
        self.now = now
    }

    deinit { fetching?.cancel() }

    /// Returns a valid key. Fetches a key if there is none, if the present one expires soon, or if it has no expiry and was not read again for a
    /// while.
    ///
    /// If there is no usable key and the last fetch began less than ``retryAfter`` ago, this method does not fetch: it throws that fetch's problem,
    /// or returns the refused key that the fetch returned.
    func current() async throws(AWSCredentialProblem) -> AWSCredentials {
        guard let known, let left = timeLeft(known) else {
            if let useless, hasAsked(within: Self.retryAfter) { return try useless.get() }
            return try await fetch().get()
        }
        if left > Self.renewBefore || hasAsked(within: Self.lookAgainAfter) { return known }
        if known.expires != nil, left > Self.usableUntil {
            renew()
            return known
        }
        switch await fetch() {
        case .success(let credentials): return credentials
        case .failure(let problem):
            // The old key stays in use until it expires.
            if known.expires != nil, timeLeft(known) != nil { return known }
            self.known = nil
            throw problem
        }
    }

    /// Notes that the store has refused a key. The next call of ``current()`` then fetches a key again, unless the last fetch was of no use and began
    /// less than ``retryAfter`` ago.
    func refused(_ credentials: AWSCredentials) {
        guard known == credentials else { return }
        known = nil
        refusedKey = credentials
    }

    /// Whether a fetch began less than this many milliseconds ago. If the clock was set back, no fetch counts as recent.
    private func hasAsked(within limit: Int64) -> Bool {
        askedAt.map { (0..<limit).contains(now() - $0) } ?? false
    }

    /// Milliseconds until the key expires; 0 for a key without expiry; nil if it has expired.
    private func timeLeft(_ credentials: AWSCredentials) -> Int64? {
        guard let expires = credentials.expires else { return 0 }
        let left = expires - now()
        return left > 0 ? left : nil
    }

    /// Begins a fetch, and does not wait for its result.
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
        // A fetch that was stopped says nothing about the source.
        useless = fetching?.isCancelled == true ? nil : result
        fetching = nil
        guard case .success(let credentials) = result else { return }
        known = credentials
        if credentials != refusedKey { useless = nil }
    }

    /// Waits for a fetch. If the waiting task is cancelled, the fetch ends too, because a stopped delivery needs no key.
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
