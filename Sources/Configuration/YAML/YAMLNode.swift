/// A piece of a YAML document with its place; what the rest of the module knows of YAML.
struct YAMLNode {
    enum Value {
        /// An empty value, `~` or `null`, unquoted.
        case null
        case scalar(String)
        case sequence([YAMLNode])
        case mapping([(key: YAMLKey, value: YAMLNode)])
    }

    var place: ConfigurationPlace
    var value: Value

    var isNull: Bool {
        if case .null = value { true } else { false }
    }

    /// What it is, for a message.
    var kind: String {
        switch value {
        case .null: "nothing"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping with its place.
struct YAMLKey {
    var text: String
    var place: ConfigurationPlace
}
