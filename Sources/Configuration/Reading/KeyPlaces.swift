/// Finds the positions of keys and list items in one file, for commands that change lines of the file.
extension ConfigurationSource {
    /// Where the list item with this `name` begins: at its first key, or at its `{` if it is written in braces. Nil if the file does not contain the
    /// item, or can't be read.
    ///
    /// - Parameter list: `integrations` or `credentials`.
    package func place(ofItem name: String, in list: String) -> ConfigurationPlace? {
        for (key, value) in pairs where key.text == list {
            guard case .sequence(let items) = value.value else { continue }
            for item in items {
                guard case .mapping(let pairs) = item.value else { continue }
                for (key, value) in pairs where key.text == "name" {
                    if case .scalar(name) = value.value { return item.place }
                }
            }
        }
        return nil
    }

    /// The number of items in a list of the file.
    package func itemCount(of list: String) -> Int {
        for (key, value) in pairs where key.text == list {
            if case .sequence(let items) = value.value { return items.count }
        }
        return 0
    }

    /// Where a key begins. The path has the names of the enclosing mappings, and then the key's own name.
    package func place(of path: [String]) -> ConfigurationPlace? {
        var here = pairs
        var place: ConfigurationPlace?
        for name in path {
            guard let found = here.first(where: { $0.key.text == name }) else { return nil }
            place = found.key.place
            if case .mapping(let inner) = found.value.value { here = inner } else { here = [] }
        }
        return place
    }

    private var pairs: [(key: YAMLKey, value: YAMLNode)] {
        var findings = Findings()
        guard case .mapping(let pairs) = YAMLDocument.read(bytes, file: file, into: &findings) else { return [] }
        return pairs
    }
}
