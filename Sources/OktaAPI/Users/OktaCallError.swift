import CurlHTTPClient

/// Why a call did not bring what was asked for: what is known of it, for a person and for a decision. No secret.
package struct OktaCallError: Error, Sendable, CustomStringConvertible {
    /// What follows for the call.
    package enum Kind: Sendable, Hashable {
        /// There is no usable credential; nothing was sent.
        case credential
        /// The service app lacks this scope; nothing was sent.
        case scope(OktaScope)
        /// No connection, or no access token; nothing was sent.
        case notSent
        /// 429, or no room within the time limit: not done.
        case rateLimited
        /// Okta said no: not done.
        case refused
        /// Something other than Okta answered.
        case foreign
        /// Okta failed while it worked on the call: it may be done.
        case server
        /// The call was sent and its answer never came: it may be done.
        case lost
        /// The answer is none of the kind: for what only reads.
        case unreadable
    }

    package let kind: Kind
    /// Of the answer.
    package var status: Int?
    /// `E0000001`, or OAuth's `insufficient_scope`.
    package var code: String?
    /// By which Okta's support finds the call.
    package var requestID: String?
    /// What happened, and what to do, in a line without a full stop at its end.
    package let description: String

    /// Whether the call may have been carried out.
    package var mayBeDone: Bool { kind == .server || kind == .lost }

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description.hasSuffix(".") ? String(description.dropLast()) : description
    }

    init(_ failure: AuthorizedTransport.Failure, scope: OktaScope) {
        switch failure {
        case .credential(.refused(let refusal)) where refusal.code == "invalid_scope":
            self.init(.scope(scope), refusal.description)
        case .credential(let error): self.init(.credential, error.description)
        case .transport(let error):
            switch error.kind {
            case .resolve, .connect, .proxy, .tls, .invalidRequest, .shutDown:
                self.init(.notSent, error.description)
            case .timeout, .noRoom, .tooLarge, .cancelled, .interrupted, .protocol:
                self.init(.lost, error.description)
            }
        }
    }

    /// Of an answer other than 2xx, or of one that is not Okta's.
    init(_ response: HTTPResponse, host: String) {
        let error = OktaError(body: response.body)
        let code = BearerChallenge.code(in: response) ?? error.code
        let said = error.text ?? code ?? "status \(response.status)"
        let words = "\(host) answered \(response.status) (\(said))"
        if (200..<300).contains(response.status) {
            // Whoever answered may have passed the call on.
            let what = ForeignAnswer(response)?.what ?? "answered with something that can't be read"
            self.init(.lost, "\(host) \(what): \(ForeignAnswer.advice)")
        } else if response.isOfTokenEndpoint {
            self.init(response.status == 429 ? .rateLimited : .notSent, "The token endpoint of \(words)")
        } else if response.status == 429 {
            self.init(.rateLimited, words)
        } else if response.status >= 500 || [408, 425].contains(response.status) {
            self.init(.server, words)
        } else if let foreign = ForeignAnswer(response) {
            self.init(.foreign, "\(host) \(foreign.what): \(ForeignAnswer.advice)")
        } else {
            self.init(.refused, words)
        }
        status = response.status
        self.code = code
        requestID = response.oktaRequestID
    }
}
