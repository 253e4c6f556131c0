import Foundation

/// Users as Okta's API shows them.
extension OktaUser {
    /// - Parameter isAlone: whether the answer contains only this user. If so, the JSON has links to the calls that the user's status allows.
    func json(_ request: ManagementRequest, isAlone: Bool) -> [String: Any] {
        let url = "\(request.origin)/api/v1/users/\(id)"
        var object: [String: Any] = [
            "id": id, "status": status.rawValue, "created": Instant.text(created),
            "activated": Self.time(status == .staged ? nil : created), "statusChanged": Instant.text(statusChanged),
            "lastLogin": Self.time(sessions.isEmpty ? nil : statusChanged),
            "lastUpdated": Instant.text(max(statusChanged, passwordChanged ?? 0)),
            "passwordChanged": Self.time(passwordChanged), "type": ["id": "oty1simulated0type0g4"],
            "profile": [
                "login": login, "email": email, "firstName": firstName, "lastName": lastName,
                "mobilePhone": NSNull(), "secondEmail": NSNull(),
            ],
        ]
        if let transition, !request.omits("omitTransitioningToStatus") {
            object["transitioningToStatus"] = transition.to.rawValue
        }
        if !request.omits("omitCredentials") {
            var credentials: [String: Any] = [
                "provider": isDirectorySourced
                    ? ["type": "ACTIVE_DIRECTORY", "name": "corp.example"] : ["type": "OKTA", "name": "OKTA"]
            ]
            if hasPassword { credentials["password"] = [String: String]() }
            object["credentials"] = credentials
        }
        var links: [String: Any] = ["self": ["href": url]]
        if isAlone {
            for call in Self.links(self) {
                links[call.link] = ["href": "\(url)/lifecycle/\(call.operation)", "method": "POST"]
            }
        }
        object["_links"] = links
        return object
    }

    private static func time(_ milliseconds: Int64?) -> Any { milliseconds.map { Instant.text($0) } ?? NSNull() }

    private static func links(_ user: OktaUser) -> [(link: String, operation: String)] {
        ManagementCall.allCases.filter { LifecycleRule(call: $0)?.outcome(user) != nil }.compactMap { call in
            switch call {
            case .suspend: ("suspend", "suspend")
            case .unsuspend: ("unsuspend", "unsuspend")
            case .deactivate: ("deactivate", "deactivate")
            case .activate: ("activate", "activate")
            case .reactivate: ("reactivate", "reactivate")
            case .unlock: ("unlock", "unlock")
            case .expirePassword: ("expirePassword", "expire_password")
            case .resetPassword: ("resetPassword", "reset_password")
            case .resetFactors where user.factors > 0: ("resetFactors", "reset_factors")
            default: nil
            }
        }
    }
}
