import CurlHTTPClient
import FoundationEssentials

/// The users, groups and roles of an org, through the few calls that response actions need. Calls are paced, and their answers are limited in size.
package struct OktaUsers: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// The maximum number of attempts for a call that only reads data.
    static let readAttempts = 3

    package let org: OrgURL
    package let credential: ScopedCredential
    private let transport: any HTTPTransport
    private let pace: EndpointPace
    private let now: @Sendable () -> Instant
    private let wait: @Sendable (Instant) async -> Void

    /// Creates the client of an org.
    ///
    /// - Parameter wait: sleeps until the given instant. Must return earlier if the task is cancelled.
    package init(
        org: OrgURL, credential: ScopedCredential, transport: any HTTPTransport,
        now: @escaping @Sendable () -> Instant, wait: @escaping @Sendable (Instant) async -> Void
    ) {
        self.org = org
        self.credential = credential
        self.transport = transport
        self.now = now
        self.wait = wait
        pace = EndpointPace(now: now, wait: wait)
    }

    // MARK: Sending

    /// Waits until the rate limit allows the call, sends it once, and returns the answer. Throws if the status is not 2xx, or if the answer can't
    /// come from Okta.
    ///
    /// - Parameter deadline: the call is not sent after this time.
    package func send(_ call: OktaCall, before deadline: Instant) async throws(OktaCallError) -> HTTPResponse {
        var missing: OktaCallError?
        for scope in call.scopes {
            guard let credential = credential.credential(for: scope) else { continue }
            do throws(OktaCallError) {
                return try await send(call, as: credential, scope, before: deadline)
            } catch {
                guard case .scope = error.kind else { throw error }
                missing = missing ?? error
            }
        }
        throw missing
            ?? OktaCallError(.credential, "there is no credential for \(org.host): check response_action.credential")
    }

    private func send(
        _ call: OktaCall, as credential: any Credential, _ scope: OktaScope, before deadline: Instant
    ) async throws(OktaCallError) -> HTTPResponse {
        guard await pace.turn(call.endpoint, before: deadline) else {
            guard !Task.isCancelled else { throw OktaCallError(.notSent, "the action was stopped before this call") }
            throw OktaCallError(
                .rateLimited,
                """
                the rate limit of \(org.host) did not allow this call in time: response actions may use \(Int(EndpointPace.share * 100)) % of the \
                limit, and other clients use it too. Try again in a minute
                """)
        }
        let response: HTTPResponse
        do throws(AuthorizedTransport.Failure) {
            response = try await AuthorizedTransport(transport).send(request(call), as: credential)
        } catch {
            throw OktaCallError(error, scope: scope)
        }
        if !response.isOfTokenEndpoint { await pace.answered(response, of: call.endpoint) }
        guard (200..<300).contains(response.status), ForeignAnswer(response) == nil else {
            throw OktaCallError(response, host: org.host)
        }
        return response
    }

    private func request(_ call: OktaCall) -> HTTPRequest {
        var headers = HTTPHeaders([.init("Accept", "application/json")])
        if call.body != nil { headers.set("Content-Type", "application/json") }
        var request = HTTPRequest(
            call.method, org.origin + call.path, headers: headers, body: call.body,
            limits: HTTPLimits(total: .seconds(40), stall: .seconds(35), bodyBytes: call.bodyLimit))
        request.isSentOnce = call.isSentOnce
        return request
    }

    /// Sends a call that only reads data. Repeats the call after a failure that may be temporary.
    private func read<Value>(
        _ call: OktaCall, before deadline: Instant, _ parse: ([UInt8]) -> Value?
    ) async throws(OktaCallError) -> Value {
        var attempt = 1
        while true {
            do throws(OktaCallError) {
                let response = try await send(call, before: deadline)
                guard let value = parse(response.body) else {
                    var error = OktaCallError(.unreadable, "\(org.host) sent an answer that Tributary can't read")
                    error.status = response.status
                    error.requestID = response.oktaRequestID
                    throw error
                }
                return value
            } catch {
                let next = now() + .milliseconds(250 << attempt)
                let mayPass =
                    error.kind == .notSent || error.kind == .unreadable || error.mayBeDone
                    || (error.kind == .rateLimited && error.status != nil)
                guard mayPass, attempt < Self.readAttempts, next < deadline, !Task.isCancelled else { throw error }
                attempt += 1
                // After a 429, `EndpointPace` waits before the next attempt, so no wait is needed here.
                if error.kind != .rateLimited { await wait(next) }
            }
        }
    }

    // MARK: Reading

    /// The user with this id; nil if there is no such user.
    package func user(_ id: String, before deadline: Instant) async throws(OktaCallError) -> OktaUser? {
        do throws(OktaCallError) {
            return try await read(.user(id), before: deadline, OktaUser.read)
        } catch {
            guard error.kind == .refused, error.status == 404, error.code == "E0000007" else { throw error }
            return nil
        }
    }

    /// Finds users by id, login, e-mail address, or the part of a login before its `@`. Returns all that match, but at most ``OktaCall/searchLimit``
    /// plus one.
    package func users(matching text: String, before deadline: Instant) async throws(OktaCallError) -> [OktaUser] {
        if OktaID.isUser(text), let user = try await user(text, before: deadline) { return [user] }
        let expression = "profile.login eq \(Self.quoted(text)) or profile.email eq \(Self.quoted(text))"
        var found = try await read(.users(filter: expression), before: deadline, OktaUser.readList)
        // The filter is case-sensitive, but people may type a login in upper or lower case.
        if found.isEmpty { found = try await read(.users(search: expression), before: deadline, OktaUser.readList) }
        // In the path of a call, Okta also accepts the part of a login before the `@`, if only one user has such a login. The text "me" is excluded,
        // because Okta would return the owner of the credential.
        if found.isEmpty, text != "me", text.utf8.allSatisfy(Self.isPlain),
            let user = try await user(text, before: deadline)
        {
            return [user]
        }
        return found
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || "-._".utf8.contains(byte)
    }

    /// Quotes a text for a SCIM filter, as JSON does (RFC 7644, 3.4.2.2).
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { out.unicodeScalars.append("\\") }
            out.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
        }
        return out + "\""
    }

    /// The owner of the API token.
    package func me(before deadline: Instant) async throws(OktaCallError) -> OktaUser {
        try await read(.me, before: deadline, OktaUser.read)
    }

    /// The administrator roles of a user, including those from groups.
    package func roles(of user: String, before deadline: Instant) async throws(OktaCallError) -> [OktaRole] {
        try await read(.roles(user), before: deadline, OktaRole.readList)
    }

    /// Whether an active user is blocked from signing in from some devices.
    package func isBlocked(_ user: String, before deadline: Instant) async throws(OktaCallError) -> Bool {
        try await read(.blocks(user), before: deadline) { body in
            (try? JSONDecoder().decode([Block].self, from: Data(body))).map { !$0.isEmpty }
        }
    }

    private struct Block: Decodable {}

    /// The groups that a user is in.
    package func groups(of user: String, before deadline: Instant) async throws(OktaCallError) -> [OktaGroup] {
        try await read(.groups(of: user), before: deadline, OktaGroup.readList)
    }

    /// The group with this id; nil if there is no such group.
    package func group(_ id: String, before deadline: Instant) async throws(OktaCallError) -> OktaGroup? {
        do throws(OktaCallError) {
            return try await read(.group(id), before: deadline, OktaGroup.read)
        } catch {
            guard error.kind == .refused, error.status == 404, error.code == "E0000007" else { throw error }
            return nil
        }
    }

    /// Groups with exactly this name, compared without regard to case.
    package func groups(named name: String, before deadline: Instant) async throws(OktaCallError) -> [OktaGroup] {
        try await read(.groups(beginningWith: name), before: deadline, OktaGroup.readList)
            .filter { $0.name.lowercased() == name.lowercased() }
    }

    /// The user's risk: `HIGH`, `MEDIUM`, `LOW` or `NONE`; nil if the org does not report it.
    package func risk(of user: String, before deadline: Instant) async throws(OktaCallError) -> String? {
        try await read(.risk(user), before: deadline) { body in
            (try? JSONDecoder().decode(Risk.self, from: Data(body))).map { $0.riskLevel?.oneLine(limit: 20) }
        }
    }

    private struct Risk: Decodable { var riskLevel: String? }

    /// Whether a service app has this scope; always true for an API token. This function may request an access token, but sends no other request.
    package func hasScope(_ scope: OktaScope) async throws(OktaCallError) -> Bool {
        guard credential.isServiceApp, let credential = credential.credential(for: scope) else { return true }
        var request = HTTPRequest(.get, org.origin + "/api/v1/users/me")
        do throws(AuthorizationFailure) {
            try await credential.authorize(&request)
            return true
        } catch {
            switch error {
            case .answer(var response):
                response.isOfTokenEndpoint = true
                throw OktaCallError(response, host: org.host)
            case .credential(let cause):
                let failure = OktaCallError(.credential(cause), scope: scope)
                guard case .scope = failure.kind else { throw failure }
                return false
            case .transport(let cause): throw OktaCallError(.transport(cause), scope: scope)
            }
        }
    }

    /// The link or the temporary password in an answer, to be shown to a person; nil if there is none.
    package static func secret(in response: HTTPResponse) -> OneTimeSecret? {
        guard let form = try? JSONDecoder().decode(SecretForm.self, from: Data(response.body)),
            let text = form.tempPassword ?? form.resetPasswordUrl ?? form.activationUrl, !text.isEmpty
        else { return nil }
        return OneTimeSecret(text.oneLine(limit: 4096))
    }

    private struct SecretForm: Decodable { var tempPassword, resetPasswordUrl, activationUrl: String? }
}
