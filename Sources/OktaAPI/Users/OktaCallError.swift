import CurlHTTPClient

/// Why a call failed: a description for a person, and a kind for the code. The description contains no secret.
package struct OktaCallError: Error, Sendable, CustomStringConvertible {
    /// What is known about the failed call.
    package enum Kind: Sendable, Hashable {
        /// There is no usable credential. The call was not carried out.
        case credential
        /// The service app lacks this scope. The call was not carried out.
        case scope(OktaScope)
        /// There was no connection or no access token, or the task was cancelled before the call. The call was not carried out.
        case notSent
        /// The org or its token endpoint answered with 429, or the rate limit did not allow the call before its deadline. The call was not carried
        /// out.
        case rateLimited
        /// Okta refused the call, and did not carry it out.
        case refused
        /// Something other than Okta answered, with a redirect or an error.
        case foreign
        /// Okta failed while it processed the call. The call may have been carried out.
        case server
        /// The call was sent, but no usable answer arrived. The call may have been carried out.
        case lost
        /// A call that only reads data got an answer that Tributary can't parse.
        case unreadable
    }

    package let kind: Kind
    /// The status of the answer; nil if there was none.
    package var status: Int?
    /// Okta's error code, such as `E0000001`, or OAuth's, such as `insufficient_scope`.
    package var code: String?
    /// Okta's id of the request, by which Okta's support can find the call.
    package var requestID: String?
    /// What happened and, if known, what to do, on one line without a final period.
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

    /// Describes an answer that is not 2xx, or that does not come from Okta.
    init(_ response: HTTPResponse, host: String) {
        let error = OktaError(body: response.body)
        let code = BearerChallenge.code(in: response) ?? error.code
        let said = error.text ?? code ?? "status \(response.status)"
        let words = "\(host) answered \(response.status) (\(said))"
        if (200..<300).contains(response.status) {
            // The call may have been carried out: the server that answered instead of Okta may have forwarded it to Okta.
            let what = ForeignAnswer(response)?.what ?? "sent an answer that Tributary can't read"
            self.init(.lost, "\(host) \(what). \(ForeignAnswer.advice)")
        } else if response.isOfTokenEndpoint {
            self.init(response.status == 429 ? .rateLimited : .notSent, "The token endpoint of \(words)")
        } else if response.status == 429 {
            self.init(.rateLimited, words)
        } else if response.status >= 500 || [408, 425].contains(response.status) {
            self.init(.server, words)
        } else if let foreign = ForeignAnswer(response) {
            self.init(.foreign, "\(host) \(foreign.what). \(ForeignAnswer.advice)")
        } else {
            self.init(.refused, words)
        }
        status = response.status
        self.code = code
        requestID = response.oktaRequestID
    }
}
