/// Provides access keys.
package protocol AWSCredentialSource: Sendable {
    /// Gets the present access key.
    ///
    /// - Throws: ``AWSCredentialProblem`` with a message that contains no part of the key.
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
