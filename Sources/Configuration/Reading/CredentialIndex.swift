/// The credentials by name: where each was declared, and which are used.
struct CredentialIndex {
    private var places: [Name: ConfigurationPlace] = [:]
    private var byName: [Name: Configuration.Credential] = [:]
    private var order: [Name] = []
    private var used: Set<Name> = []
    private var mistakes: [Name: [ConfigurationProblem]] = [:]

    /// Credentials without a mistake, in the order of the files.
    var usable: [Configuration.Credential] { order.compactMap { byName[$0] } }
    var names: [String] { order.map(\.text) }
    /// Credentials that nothing refers to.
    var unused: [(Name, ConfigurationPlace)] {
        order.compactMap { name in used.contains(name) ? nil : places[name].map { (name, $0) } }
    }

    /// Adds the name of a credential. If another credential has the same name, returns the place of that credential.
    mutating func declare(_ name: Name, at place: ConfigurationPlace) -> ConfigurationPlace? {
        if let earlier = places[name] { return earlier }
        places[name] = place
        order.append(name)
        return nil
    }

    mutating func add(_ credential: Configuration.Credential) { byName[credential.name] = credential }
    /// Records why a credential can't be used. Does nothing if there are no problems.
    mutating func refuse(_ name: Name, _ problems: [ConfigurationProblem]) {
        guard !problems.isEmpty else { return }
        mistakes[name, default: []] += problems
        byName[name] = nil
    }
    /// Why a declared credential can't be used.
    func problems(of name: Name) -> [ConfigurationProblem] { mistakes[name] ?? [] }
    /// The problems of credentials to which nothing refers.
    var problemsOfUnused: [ConfigurationProblem] { order.filter { !used.contains($0) }.flatMap(problems) }
    mutating func markUsed(_ name: Name) { used.insert(name) }
    func find(_ name: Name) -> Configuration.Credential? { byName[name] }
    func isDeclared(_ name: Name) -> Bool { places[name] != nil }
    func place(of name: Name) -> String { places[name]?.description ?? "" }
}
