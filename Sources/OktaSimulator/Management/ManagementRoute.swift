import Foundation

/// The endpoint of a management request, and the user or group that it is about.
struct ManagementRoute {
    let call: ManagementCall
    var user = ""
    var group = ""
    var session = ""

    enum Match {
        case call(ManagementRoute)
        /// The path exists, but does not support this method.
        case method
    }

    /// Finds the endpoint of a request; nil if the path is not a management endpoint.
    /// - Parameter path: the path with its percent-encoding. An encoded `/` also separates parts, so a login with a `/` is never found.
    static func match(_ method: String, path: String) -> Match? {
        guard let decoded = path.removingPercentEncoding else { return nil }
        if decoded == "/oauth2/v1/global-token-revocation" {
            return method == "POST" ? .call(ManagementRoute(call: .universalLogout)) : .method
        }
        let parts = decoded.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 3, parts[0].isEmpty, parts[1] == "api", parts[2] == "v1" else { return nil }
        let found: [String: ManagementRoute]
        switch parts[3] {
        case "users": found = users(parts.dropFirst(4).map { $0 })
        case "groups": found = groups(parts.dropFirst(4).map { $0 })
        case "sessions" where parts.count == 5:
            found = [
                "GET": ManagementRoute(call: .getSession, session: parts[4]),
                "DELETE": ManagementRoute(call: .endSession, session: parts[4]),
            ]
        default: return nil
        }
        guard !found.isEmpty else { return nil }
        return found[method].map(Match.call) ?? .method
    }

    private static let lifecycle: [String: ManagementCall] = [
        "suspend": .suspend, "unsuspend": .unsuspend, "deactivate": .deactivate, "activate": .activate,
        "reactivate": .reactivate, "unlock": .unlock, "expire_password": .expirePassword,
        "expire_password_with_temp_password": .expirePasswordWithTemporary, "reset_password": .resetPassword,
        "reset_factors": .resetFactors,
    ]

    private static func users(_ parts: [String]) -> [String: ManagementRoute] {
        guard let user = parts.first else { return ["GET": ManagementRoute(call: .listUsers)] }
        func route(_ call: ManagementCall) -> ManagementRoute { ManagementRoute(call: call, user: user) }
        switch (parts.count, parts.count > 1 ? parts[1] : "") {
        case (1, _): return ["GET": user == "me" ? ManagementRoute(call: .me) : route(.getUser)]
        case (2, "roles"): return ["GET": route(.listRoles)]
        case (2, "blocks"): return ["GET": route(.listBlocks)]
        case (2, "groups"): return ["GET": route(.listUserGroups)]
        case (2, "sessions"): return ["DELETE": route(.clearSessions)]
        case (2, "risk"): return ["GET": route(.getRisk), "PUT": route(.setRisk)]
        case (3, "lifecycle"): return lifecycle[parts[2]].map { ["POST": route($0)] } ?? [:]
        default: return [:]
        }
    }

    private static func groups(_ parts: [String]) -> [String: ManagementRoute] {
        guard let group = parts.first else { return ["GET": ManagementRoute(call: .listGroups)] }
        switch (parts.count, parts.count > 1 ? parts[1] : "") {
        case (1, _): return ["GET": ManagementRoute(call: .getGroup, group: group)]
        case (2, "users"): return ["GET": ManagementRoute(call: .listMembers, group: group)]
        case (3, "users"):
            return [
                "PUT": ManagementRoute(call: .addToGroup, user: parts[2], group: group),
                "DELETE": ManagementRoute(call: .removeFromGroup, user: parts[2], group: group),
            ]
        default: return [:]
        }
    }
}
