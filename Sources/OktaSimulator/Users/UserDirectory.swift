/// The org's users, groups and API tokens, as a value that does not depend on HTTP.
struct UserDirectory: Sendable {
    private(set) var users: [OktaUser] = []
    private(set) var groups: [OktaGroup] = []
    private var userByID: [String: Int] = [:]
    private var userByLogin: [String: Int] = [:]
    private var usersByShortName: [String: [Int]] = [:]
    private var tokens: [String: APIToken] = [:]
    private let seed: UInt64

    init(_ settings: OrgSettings, epoch: Int64) {
        seed = settings.seed
        var people = MadeUpPeople(seed: settings.seed, epoch: epoch)
        groups = people.groups()
        for user in people.users(extra: settings.extraUsers) { add(user) }
        setTokens(settings.tokens, powerless: settings.powerlessTokens, limited: settings.limitedTokens, now: epoch)
    }

    private mutating func add(_ user: OktaUser) {
        userByID[user.id] = users.count
        userByLogin[user.login.lowercased()] = users.count
        usersByShortName[user.shortName.lowercased(), default: []].append(users.count)
        users.append(user)
    }

    // MARK: Users

    /// The index of the user with this id.
    func index(id: String) -> Int? { userByID[id] }

    /// The index of the user with this id or login. The part of the login before the `@` is enough if it is unique.
    func index(_ key: String) -> Int? {
        if let found = userByID[key] ?? userByLogin[key.lowercased()] { return found }
        let short = usersByShortName[key.lowercased()] ?? []
        return short.count == 1 ? short[0] : nil
    }

    /// Reads and changes a user, after completing a transition that is due.
    mutating func change<Result, Failure: Error>(
        _ index: Int, now: Int64, _ body: (inout OktaUser) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        users[index].settle(now: now)
        return try body(&users[index])
    }

    mutating func count(_ call: ManagementCall, at index: Int) {
        users[index].calls[call.rawValue, default: 0] += 1
    }

    /// Completes the transitions that are due.
    mutating func settle(now: Int64) {
        for index in users.indices where users[index].transition != nil { users[index].settle(now: now) }
    }

    /// The roles of a user: those assigned directly, and those of the user's groups.
    func roles(of user: OktaUser) -> [(role: AdminRights.Role, isThroughGroup: Bool)] {
        user.roles.map { ($0, false) }
            + groups.filter { user.groups.contains($0.id) }.flatMap { group in group.roles.map { ($0, true) } }
    }

    // MARK: Groups

    func group(_ id: String) -> OktaGroup? { groups.first { $0.id == id } }

    mutating func noteMembership(of id: String, now: Int64) {
        guard let place = groups.firstIndex(where: { $0.id == id }) else { return }
        groups[place].membershipChanged = now
    }

    // MARK: API tokens

    func token(_ secret: String) -> APIToken? { tokens[secret] }

    /// Replaces all tokens. Each token has a different owner, who has the token's roles.
    mutating func setTokens(_ full: [String], powerless: [String], limited: [String: AdminRights], now: Int64) {
        tokens = [:]
        for secret in full { addToken(secret, AdminRights(roles: [.superAdmin]), now) }
        for (secret, rights) in limited.sorted(by: { $0.key < $1.key }) { addToken(secret, rights, now) }
        for secret in powerless { addToken(secret, AdminRights(roles: []), now) }
    }

    private mutating func addToken(_ secret: String, _ rights: AdminRights, _ now: Int64) {
        // The hash is FNV-1a and does not change, so a token has the same id and owner after a restart.
        let hash = secret.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var code: [UInt8] = []
        code.appendBase62(Seed.scramble(hash ^ seed), count: 14)
        let text = String(decoding: code, as: UTF8.self)
        let owner = "00u\(text)0g4"
        tokens[secret] = APIToken(id: "00T\(text)0g4", ownerID: owner, rights: rights)
        guard userByID[owner] == nil else { return }
        var user = OktaUser(
            id: owner, login: "token.owner.\(text.prefix(6).lowercased())@corp.example",
            email: "token.owner@corp.example", firstName: "Token", lastName: "Owner", status: .active, created: now,
            statusChanged: now, passwordChanged: now)
        user.roles = rights.roles
        add(user)
    }

    /// Okta revokes the tokens of an administrator who is deactivated or logged out everywhere.
    mutating func revokeTokens(ofOwner id: String) {
        tokens = tokens.filter { $0.value.ownerID != id }
    }

    // MARK: What a test sees and sets

    func view(_ user: OktaUser) -> SimulatedUser {
        SimulatedUser(
            id: user.id, login: user.login, email: user.email, name: user.name, status: user.status,
            transitioningToStatus: user.transition?.to,
            groups: groups.filter { user.groups.contains($0.id) }.map(\.name).sorted(),
            roles: user.roles.map(\.rawValue), sessions: user.sessions, oauthTokens: user.oauthTokens,
            rememberedDevices: user.rememberedDevices, factors: user.factors, riskLevel: user.riskLevel,
            calls: user.calls, done: user.done)
    }
}
