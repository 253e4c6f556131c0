/// Answers the calls about sessions, tokens and remembered devices.
extension UserDirectory {
    /// Answers `DELETE /api/v1/users/{id}/sessions`. The path must contain the user's id; a login is not accepted.
    /// - Parameter forgetsDevices: whether remembered devices are forgotten if the request has no parameter `forgetDevices`.
    mutating func clearSessions(
        _ request: ManagementRequest, forgetsDevices: Bool
    ) throws(OktaError) -> ManagementAnswer {
        guard let index = index(id: request.route.user) else { throw .noUser(request.route.user) }
        let tokens = try request.flag("oauthTokens", default: false)
        let devices = try request.flag("forgetDevices", default: forgetsDevices)
        return change(index, now: request.now) { user in
            user.count(.clearSessions)
            user.sessions = []
            if tokens { user.oauthTokens = 0 }
            if devices { user.rememberedDevices = 0 }
            return ManagementAnswer(status: 204, events: [ActionEvent("user.session.clear", about: user)])
        }
    }

    mutating func session(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        let id = request.route.session
        guard let index = users.firstIndex(where: { $0.sessions.contains(id) }) else { throw .noSession(id) }
        return change(index, now: request.now) { user in
            if request.route.call == .endSession {
                user.count(.endSession)
                user.sessions.removeAll { $0 == id }
                return ManagementAnswer(status: 204, events: [ActionEvent("user.session.end", about: user)])
            }
            user.calls[ManagementCall.getSession.rawValue, default: 0] += 1
            return ManagementAnswer(json: [
                "id": id, "login": user.login, "userId": user.id, "status": "ACTIVE", "mfaActive": false,
                "createdAt": Instant.text(user.statusChanged), "expiresAt": Instant.text(request.now + 7_200_000),
                "amr": ["pwd"], "idp": ["id": "00o1simulated0org0g4", "type": "OKTA"],
            ])
        }
    }

    /// `POST /oauth2/v1/global-token-revocation`. Nil for a body that Okta refuses with an empty 400.
    mutating func universalLogout(_ request: ManagementRequest) -> ManagementAnswer? {
        guard let object = try? request.object(), let subject = object["sub_id"] as? [String: Any],
            let id = subject[subject["format"] as? String == "iss_sub" ? "sub" : "id"] as? String,
            subject["format"] as? String == "opaque"
                || subject["format"] as? String == "iss_sub" && subject["iss"] as? String == request.origin,
            let index = index(id: id)
        else { return nil }
        let answer = change(index, now: request.now) { user in
            user.count(.universalLogout)
            user.endSessions()
            return ManagementAnswer(
                status: 204, events: [ActionEvent("user.authentication.universal_logout", about: user)])
        }
        // Universal logout also revokes the user's API tokens.
        revokeTokens(ofOwner: users[index].id)
        return answer
    }
}

extension OktaUser {
    /// Counts a call that Okta has carried out.
    mutating func count(_ call: ManagementCall) {
        calls[call.rawValue, default: 0] += 1
        done[call.rawValue, default: 0] += 1
    }
}
