/// The credentials by name, where each was declared, and which are in use.
struct CredentialIndex {
    private var places: [Name: ConfigurationPlace] = [:]
    private var byName: [Name: Configuration.Credential] = [:]
    private var order: [Name] = []
    private var used: Set<Name> = []

    /// Those that could be read whole, in the order of the files.
    var usable: [Configuration.Credential] { order.compactMap { byName[$0] } }
    var names: [String] { order.map(\.text) }
    /// Declared but referred to by nothing.
    var unused: [(Name, ConfigurationPlace)] {
        order.compactMap { name in used.contains(name) ? nil : places[name].map { (name, $0) } }
    }

    /// Gives the earlier place when the name is taken.
    mutating func declare(_ name: Name, at place: ConfigurationPlace) -> ConfigurationPlace? {
        if let earlier = places[name] { return earlier }
        places[name] = place
        order.append(name)
        return nil
    }

    mutating func add(_ credential: Configuration.Credential) { byName[credential.name] = credential }
    mutating func markUsed(_ name: Name) { used.insert(name) }
    func find(_ name: Name) -> Configuration.Credential? { byName[name] }
    func isDeclared(_ name: Name) -> Bool { places[name] != nil }
    func place(of name: Name) -> String { places[name]?.description ?? "" }
}
