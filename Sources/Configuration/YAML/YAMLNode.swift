/// A node of a YAML document with its place. The rest of the module sees YAML only in this form.
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

    /// The kind of node, for a message.
    var kind: String {
        switch value {
        case .null: "empty"
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
