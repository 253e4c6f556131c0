/// Where an access key comes from.
package protocol AWSCredentialSource: Sendable {
    /// The key as it is now.
    ///
    /// - Throws: ``AWSCredentialProblem`` in words, without a part of the key.
    func fetch() async throws(AWSCredentialProblem) -> AWSCredentials
}

/// Why there is no access key.
package struct AWSCredentialProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String
    package var remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    package var description: String { "\(message). \(remedy)." }
    var trouble: DeliveryTrouble { DeliveryTrouble(message, remedy: remedy) }
}

/// Keeps a key and renews it before it ends. One fetch at a time, however many transfers ask.
actor AWSCredentialKeeper {
    /// How long before its end a key is renewed. Milliseconds.
    static let renewBefore: Int64 = 300_000
    /// A key without an end is looked at again after this: a file may have been replaced. Milliseconds.
    static let lookAgainAfter: Int64 = 10_000

    private let source: any AWSCredentialSource
    private let now: @Sendable () -> Int64
    private var known: (credentials: AWSCredentials, fetchedAt: Int64)?
    private var fetching: Task<Result<AWSCredentials, AWSCredentialProblem>, Never>?

    /// - Parameter now: the wall clock, milliseconds since 1970.
    init(_ source: any AWSCredentialSource, now: @escaping @Sendable () -> Int64) {
        self.source = source
        self.now = now
    }

    /// A key that is good for a while.
    func current() async throws(AWSCredentialProblem) -> AWSCredentials {
        if let known, !isDue(known) { return known.credentials }
        let result = await fetch()
        switch result {
        case .success(let credentials): return credentials
        case .failure(let problem):
            // The old one is good to its end.
            if let known, let expires = known.credentials.expires, expires > now() { return known.credentials }
            throw problem
        }
    }

    /// A refused key is not used again before the source was asked.
    func refused(_ credentials: AWSCredentials) {
        if known?.credentials == credentials { known = nil }
    }

    private func isDue(_ known: (credentials: AWSCredentials, fetchedAt: Int64)) -> Bool {
        guard let expires = known.credentials.expires else { return now() - known.fetchedAt >= Self.lookAgainAfter }
        return expires - now() <= Self.renewBefore
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

    private func fetch() async -> Result<AWSCredentials, AWSCredentialProblem> {
        if let fetching { return await Self.value(of: fetching) }
        let source = source
        let task = Task { () -> Result<AWSCredentials, AWSCredentialProblem> in
            do throws(AWSCredentialProblem) {
                return .success(try await source.fetch())
            } catch {
                return .failure(error)
            }
        }
        fetching = task
        let result = await Self.value(of: task)
        fetching = nil
        if case .success(let credentials) = result { known = (credentials, now()) }
        return result
    }
}
