/// The users and groups of a simulated org. First come users that are named after their purpose, then the people who act in the org's log, and
/// finally `OrgSettings.extraUsers` plain users.
struct MadeUpPeople {
    private let words: Vocabulary
    private let epoch: Int64
    private let seed: UInt64
    private var number = 0

    init(seed: UInt64, epoch: Int64) {
        words = Vocabulary(seed: seed)
        self.seed = seed
        self.epoch = epoch
    }

    static let administrators = "Okta Administrators"

    private mutating func identifier(_ prefix: String) -> String {
        number += 1
        var out = Array(prefix.utf8)
        out.appendBase62(Seed.derive(seed, .people, number), count: 14)
        out.append("0g4")
        return String(decoding: out, as: UTF8.self)
    }

    /// The groups that occur in the log, a group into which a responder can put a user (`Quarantine`), and a group that Active Directory manages.
    mutating func groups() -> [OktaGroup] {
        var groups = words.groups.map { group in
            OktaGroup(
                id: String(decoding: group.id, as: UTF8.self), name: group.plainName,
                kind: group.plainName == "Everyone" ? .builtIn : .okta,
                roles: group.plainName == Self.administrators ? [.orgAdmin] : [], created: epoch - Self.age,
                membershipChanged: epoch - Self.age)
        }
        for (name, kind) in [("Quarantine", OktaGroup.Kind.okta), ("Domain Users", .app)] {
            groups.append(
                OktaGroup(
                    id: identifier("00g"), name: name, kind: kind, created: epoch - Self.age,
                    membershipChanged: epoch - Self.age))
        }
        return groups
    }

    /// The users and groups were created this long before the org's `epoch`: a year, in milliseconds.
    private static let age: Int64 = 365 * 86_400_000

    mutating func users(extra: Int) -> [OktaUser] {
        let everyone = words.groups.first { $0.plainName == "Everyone" }.map { String(decoding: $0.id, as: UTF8.self) }
        let administrators = words.groups.first { $0.plainName == Self.administrators }.map {
            String(decoding: $0.id, as: UTF8.self)
        }
        var users = named()
        users += words.users.map { person in
            let name = person.plainName.split(separator: " ", maxSplits: 1)
            return user(
                id: String(decoding: person.id, as: UTF8.self), login: person.plainAlternate,
                first: String(name[0]), last: name.count > 1 ? String(name[1]) : "")
        }
        for place in 0..<extra {
            var digits: [UInt8] = []
            digits.appendDecimal(place + 1, width: 4)
            let text = String(decoding: digits, as: UTF8.self)
            users.append(user(login: "user\(text)@corp.example", first: "User", last: text))
        }
        for place in users.indices {
            if let everyone { users[place].groups.insert(everyone) }
            if let administrators, users[place].login == "group.admin@corp.example" {
                users[place].groups.insert(administrators)
            }
        }
        return users
    }

    private mutating func user(
        id: String? = nil, login: String, email: String? = nil, first: String, last: String,
        _ status: UserStatus = .active
    ) -> OktaUser {
        let isNew = status == .staged || status == .provisioned
        var user = OktaUser(
            id: id ?? identifier("00u"), login: login, email: email ?? login, firstName: first, lastName: last,
            status: status, created: epoch - Self.age, statusChanged: epoch - Self.age,
            passwordChanged: isNew ? nil : epoch - Self.age)
        user.hasPassword = !isNew && status != .deprovisioned
        if status == .active || status == .passwordExpired || status == .lockedOut {
            user.sessions = [identifier("102"), identifier("102")]
            user.oauthTokens = 3
            user.rememberedDevices = 1
            user.factors = 2
        }
        return user
    }

    private mutating func named() -> [OktaUser] {
        let domain = "@corp.example"
        var users = [
            user(login: "ana.staged" + domain, first: "Ana", last: "Staged", .staged),
            user(login: "stig.staged" + domain, first: "Stig", last: "Staged", .staged),
            user(login: "pia.provisioned" + domain, first: "Pia", last: "Provisioned", .provisioned),
            user(login: "adam.active" + domain, first: "Adam", last: "Active"),
            user(login: "alice.active" + domain, first: "Alice", last: "Active"),
            user(login: "rita.recovery" + domain, first: "Rita", last: "Recovery", .recovery),
            user(login: "ed.expired" + domain, first: "Ed", last: "Expired", .passwordExpired),
            user(login: "lou.locked" + domain, first: "Lou", last: "Locked", .lockedOut),
            user(login: "sue.suspended" + domain, first: "Sue", last: "Suspended", .suspended),
            user(login: "dan.deprovisioned" + domain, first: "Dan", last: "Deprovisioned", .deprovisioned),
            // Two users with the same e-mail address, which is also the login of the first. Then two users with the same e-mail address and the same
            // short name.
            user(login: "mia.meyer" + domain, first: "Mia", last: "Meyer"),
            user(login: "mia.meyer2" + domain, email: "mia.meyer" + domain, first: "Mia", last: "Meyer"),
            user(login: "sam.lee" + domain, email: "sam.lee@mail.corp.example", first: "Sam", last: "Lee"),
            user(login: "sam.lee@emea.example", email: "sam.lee@mail.corp.example", first: "Sam", last: "Lee"),
            user(login: "corp/dora.doyle" + domain, first: "Dora", last: "Doyle"),
            user(login: "dirk.directory" + domain, first: "Dirk", last: "Directory"),
            user(login: "lea.directory" + domain, first: "Lea", last: "Directory", .lockedOut),
            user(login: "bea.blocked" + domain, first: "Bea", last: "Blocked"),
            user(login: "root.admin" + domain, first: "Root", last: "Admin"),
            user(login: "group.admin" + domain, first: "Group", last: "Admin"),
        ]
        for place in users.indices {
            switch users[place].login.prefix(while: { $0 != "@" }) {
            case "stig.staged": users[place].hasPassword = true
            case "dirk.directory", "lea.directory": users[place].isDirectorySourced = true
            case "bea.blocked": users[place].isBlocked = true
            case "root.admin": users[place].roles = [.superAdmin]
            default: break
            }
        }
        return users
    }
}
