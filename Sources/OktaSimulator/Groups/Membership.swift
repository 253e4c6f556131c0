/// Answers the calls about groups and their members.
extension UserDirectory {
    mutating func listGroups(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        let limit = try Self.limit(request, maximum: 10_000)
        let word = request.query["q"]?.lowercased()
        let term = try (request.query["search"] ?? request.query["filter"]).map { text throws(OktaError) in
            try SCIMFilter(
                text, attributes: ["id", "type", "profile.name"],
                operators: ["eq", "sw", "co", "pr", "ne", "gt", "ge", "lt", "le"])
        }
        let found = groups.filter { group in
            if let term, !term.matches(ignoringCase: true, { group.attribute($0) }) { return false }
            return word.map { group.name.lowercased().hasPrefix($0) } ?? true
        }
        return ManagementAnswer(json: found.prefix(limit).map { $0.json(request.origin) })
    }

    func readGroup(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        guard let group = group(request.route.group) else { throw .noGroup(request.route.group) }
        return ManagementAnswer(json: group.json(request.origin))
    }

    mutating func listMembers(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        settle(now: request.now)
        guard let group = group(request.route.group) else { throw .noGroup(request.route.group) }
        let limit = try Self.limit(request, maximum: 1000)
        var members = users.filter { $0.groups.contains(group.id) }[...]
        if let after = request.query["after"] {
            guard let place = members.firstIndex(where: { $0.id == after }) else {
                throw .invalid("after", "The after cursor is not valid.")
            }
            members = members[(place + 1)...]
        }
        var answer = ManagementAnswer(json: members.prefix(limit).map { $0.json(request, isAlone: false) })
        if members.count > limit, let last = members.prefix(limit).last { answer.next = "after=\(last.id)" }
        return answer
    }

    /// Answers `PUT` and `DELETE /api/v1/groups/{id}/users/{id}`. A repeated call changes nothing and is not an error.
    mutating func changeMembership(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        guard let group = group(request.route.group) else { throw .noGroup(request.route.group) }
        guard let index = index(id: request.route.user) else { throw .noUser(request.route.user) }
        let call = request.route.call
        // Calls can add and remove members only in groups of the type `OKTA_GROUP`. An app, a directory or Okta itself manages the members of other
        // groups. If a group has roles, only a super administrator may add or remove members.
        let isRefused =
            group.kind != .okta || !group.roles.isEmpty && !request.principal.rights.roles.contains(.superAdmin)
        let (user, isChanged) = try change(index, now: request.now) { user throws(OktaError) in
            user.calls[call.rawValue, default: 0] += 1
            if isRefused { throw .noPermission }
            let isChanged =
                call == .addToGroup ? user.groups.insert(group.id).inserted : user.groups.remove(group.id) != nil
            if isChanged { user.done[call.rawValue, default: 0] += 1 }
            return (user, isChanged)
        }
        guard isChanged else { return ManagementAnswer(status: 204) }
        noteMembership(of: group.id, now: request.now)
        var event = ActionEvent(
            call == .addToGroup ? "group.user_membership.add" : "group.user_membership.remove", about: user)
        event.targets.append(
            ActionEvent.Target(id: group.id, type: "UserGroup", alternateID: "unknown", name: group.name))
        return ManagementAnswer(status: 204, events: [event])
    }
}

extension OktaGroup {
    func json(_ origin: String) -> [String: Any] {
        let url = "\(origin)/api/v1/groups/\(id)"
        let kindOfObject = kind == .app ? "okta:windows_security_principal" : "okta:user_group"
        return [
            "id": id, "created": Instant.text(created), "lastUpdated": Instant.text(created),
            "lastMembershipUpdated": Instant.text(membershipChanged), "objectClass": [kindOfObject],
            "type": kind.rawValue, "profile": profile,
            "_links": [
                "users": ["href": "\(url)/users"], "apps": ["href": "\(url)/apps"],
                "logo": [
                    ["name": "medium", "href": "\(origin)/img/logos/groups/okta-medium.png", "type": "image/png"]
                ],
            ],
        ]
    }

    private var profile: [String: Any] {
        kind == .app
            ? [
                "name": name, "description": "A group of Active Directory", "samAccountName": name,
                "dn": "CN=\(name),DC=corp,DC=example", "windowsDomainQualifiedName": "CORP\\\(name)",
                "externalId": "S-1-5-21-513",
            ] : ["name": name, "description": "Made up"]
    }

    fileprivate func attribute(_ path: String) -> String? {
        switch path {
        case "id": id
        case "type": kind.rawValue
        case "profile.name": name
        default: nil
        }
    }
}
