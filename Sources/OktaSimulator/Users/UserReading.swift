import Foundation

/// Answers the calls that read users, users' roles, and blocked sign-ins.
extension UserDirectory {
    /// The maximum number of users on one page.
    private static let maximumPage = 200

    mutating func me(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        guard case .token(let token) = request.principal, let index = index(id: token.ownerID) else {
            // A service app is not a user, so `me` refers to no user.
            throw .noUser("me")
        }
        return change(index, now: request.now) { user in
            user.calls[ManagementCall.me.rawValue, default: 0] += 1
            return ManagementAnswer(json: user.json(request, isAlone: true))
        }
    }

    mutating func read(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        guard let index = index(request.route.user) else { throw .noUser(request.route.user) }
        change(index, now: request.now) { $0.calls[request.route.call.rawValue, default: 0] += 1 }
        let user = users[index]
        switch request.route.call {
        case .listRoles: return ManagementAnswer(json: rolesJSON(user, request.origin))
        case .listBlocks:
            return ManagementAnswer(
                json: user.isBlocked
                    ? [["type": "DEVICE_BASED", "appliesTo": "UNKNOWN_DEVICES"]] : [[String: String]]())
        case .listUserGroups:
            return ManagementAnswer(
                json: groups.filter { user.groups.contains($0.id) }.map { $0.json(request.origin) })
        default: return ManagementAnswer(json: user.json(request, isAlone: true))
        }
    }

    private func rolesJSON(_ user: OktaUser, _ origin: String) -> [[String: Any]] {
        roles(of: user).map { role, isThroughGroup in
            var links: [String: Any] = ["assignee": ["href": "\(origin)/api/v1/users/\(user.id)"]]
            if isThroughGroup,
                let group = groups.first(where: { user.groups.contains($0.id) && $0.roles.contains(role) })
            {
                links["assignee"] = ["href": "\(origin)/api/v1/groups/\(group.id)"]
            }
            return [
                "id": "\(isThroughGroup ? "grp" : "ra1")\(role.rawValue.count)\(user.id.dropFirst(3))",
                "label": role.label, "type": role.rawValue, "status": "ACTIVE",
                "created": Instant.text(user.created), "lastUpdated": Instant.text(user.created),
                "assignmentType": isThroughGroup ? "GROUP" : "USER", "_links": links,
            ]
        }
    }

    /// Lists users. `search` and `filter` also find deactivated users. The plain list and `q` omit them.
    /// - Parameter searchDelay: how many milliseconds after a change `search` shows it.
    mutating func list(_ request: ManagementRequest, searchDelay: Int64) throws(OktaError) -> ManagementAnswer {
        settle(now: request.now)
        let search = request.query["search"], filter = request.query["filter"]
        guard search == nil || filter == nil else {
            throw OktaError(
                status: 400, code: "E0000063", summary: "Invalid combination of parameters specified: search, filter")
        }
        let limit = try Self.limit(request, maximum: Self.maximumPage)
        let term = try (search ?? filter).map { text throws(OktaError) in
            try SCIMFilter(
                text,
                attributes: [
                    "id", "status", "profile.login", "profile.email", "profile.firstName", "profile.lastName",
                ],
                operators: filter != nil ? ["eq"] : ["eq", "sw", "co", "pr", "ne", "gt", "ge", "lt", "le"])
        }
        let word = request.query["q"]?.lowercased()
        var found = users.indices[...]
        if let after = request.query["after"] {
            guard let index = index(id: after) else { throw .invalid("after", "The after cursor is not valid.") }
            found = users.indices[(index + 1)...]
        }
        func shown(_ index: Int) -> OktaUser {
            search == nil ? users[index] : users[index].indexed(now: request.now, delay: searchDelay)
        }
        var page: [Int] = []
        for index in found where page.count <= limit {
            let user = shown(index)
            let isWanted =
                if let term {
                    term.matches(ignoringCase: search != nil) { user.attribute($0) }
                } else {
                    user.status != .deprovisioned && user.matches(word)
                }
            if isWanted { page.append(index) }
        }
        var answer = ManagementAnswer(json: page.prefix(limit).map { shown($0).json(request, isAlone: false) })
        if page.count > limit { answer.next = "after=\(users[page[limit - 1]].id)" }
        for index in page.prefix(limit) { count(request.route.call, at: index) }
        return answer
    }

    static func limit(_ request: ManagementRequest, maximum: Int) throws(OktaError) -> Int {
        guard let text = request.query["limit"] else { return maximum }
        guard let limit = Int(text), limit > 0 else { throw .invalid("limit", "The limit must be a positive number.") }
        return min(limit, maximum)
    }
}

extension OktaUser {
    /// - Parameter word: the value of `q` in lower case; nil matches everyone.
    fileprivate func matches(_ word: String?) -> Bool {
        guard let word else { return true }
        return [firstName, lastName, email].contains { $0.lowercased().hasPrefix(word) }
    }

    fileprivate func attribute(_ path: String) -> String? {
        switch path {
        case "id": id
        case "status": status.rawValue
        case "profile.login": login
        case "profile.email": email
        case "profile.firstName": firstName
        case "profile.lastName": lastName
        default: nil
        }
    }
}
