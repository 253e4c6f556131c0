/// Parses the text of one configuration file into nodes. Each node has its position in the file.
enum YAMLDocument {
    enum Content {
        case mapping([(key: YAMLKey, value: YAMLNode)])
        /// The document has only white space and comments.
        case empty
        /// The document could not be read, and the problems are in the findings.
        case unreadable
    }

    /// The maximum number of nodes in one file after expanding aliases. A thousand integrations, including their keys, have about 20,000 nodes.
    static let maximumNodes = 200_000
    /// The maximum number of nested levels. The deepest key of the configuration is at level five.
    static let maximumDepth = 32

    static func read(_ bytes: [UInt8], file: String, into findings: inout Findings) -> Content {
        guard let text = YAMLText.decode(bytes, file: file, into: &findings) else { return .unreadable }
        guard let events = YAMLEvents(text) else {
            report(.unreadable, text: text, file: file, into: &findings)
            return .unreadable
        }
        var composer = Composer(events: events, file: file)
        let root: YAMLNode?
        do throws(Composer.Stop) {
            root = try composer.document(into: &findings)
        } catch {
            switch error {
            case .reported: break
            case .library(let failure): report(failure, text: text, file: file, into: &findings)
            }
            return .unreadable
        }
        guard let root else { return .empty }
        switch root.value {
        case .mapping(let pairs): return .mapping(pairs)
        case .null: return .empty
        case .scalar, .sequence:
            findings.error(
                at: root.place, "the file contains \(root.kind) where keys are expected",
                hint: "write keys with values, such as “state_directory: /var/lib/tributary”")
            return .unreadable
        }
    }

    // MARK: From events to nodes

    private struct Composer {
        /// Why the whole file is unusable.
        enum Stop: Error {
            case library(YAMLEvents.Failure)
            /// The reason is in the findings.
            case reported
        }

        /// A node to which an alias can refer. Each use of the alias counts all nodes and levels of this node again.
        struct Anchored {
            var node: YAMLNode?
            var count: Int
            var height: Int
        }

        let events: YAMLEvents
        let file: String
        private var anchors: [String: Anchored] = [:]
        private var count = 0

        init(events: YAMLEvents, file: String) {
            self.events = events
            self.file = file
        }

        /// The file's content; nil if the file has only white space and comments.
        mutating func document(into findings: inout Findings) throws(Stop) -> YAMLNode? {
            if case .streamEnd = try next().event { return nil }
            let first = try next()
            var height = 0
            guard let root = try node(first, depth: 0, &height, into: &findings) else { throw .reported }
            _ = try next()
            let after = try next()
            guard case .streamEnd = after.event else {
                throw .library(
                    .syntax(
                        problem: "but found another document", line: after.place.line, column: after.place.column,
                        context: nil))
            }
            return root
        }

        private func next() throws(Stop) -> (event: YAMLEvents.Event, place: ConfigurationPlace) {
            do throws(YAMLEvents.Failure) {
                let (event, line, column) = try events.next()
                return (event, ConfigurationPlace(file: file, line: line, column: column))
            } catch {
                throw .library(error)
            }
        }

        /// Reads a node; nil if the node can't be used. The findings then say why. Sets `height` to the number of levels below the node.
        private mutating func node(
            _ first: (event: YAMLEvents.Event, place: ConfigurationPlace), depth: Int, _ height: inout Int,
            into findings: inout Findings
        ) throws(Stop) -> YAMLNode? {
            let place = first.place
            let before = count
            try spend(1, at: place, into: &findings)
            try descend(depth, at: place, into: &findings)
            height = 0
            switch first.event {
            case .scalar(let text, let isPlain, let tag, let anchor):
                let node = value(text, isPlain, tag, place, into: &findings).map { YAMLNode(place: place, value: $0) }
                register(node, anchor, since: before, height)
                return node
            case .sequenceStart(let anchor):
                var items: [YAMLNode] = []
                var element = try next()
                while !element.event.isEnd {
                    var below = 0
                    if let item = try node(element, depth: depth + 1, &below, into: &findings) { items.append(item) }
                    height = max(height, below + 1)
                    element = try next()
                }
                let node = YAMLNode(place: place, value: .sequence(items))
                register(node, anchor, since: before, height)
                return node
            case .mappingStart(let anchor):
                let node = YAMLNode(
                    place: place, value: .mapping(try pairs(depth: depth + 1, &height, into: &findings)))
                register(node, anchor, since: before, height)
                return node
            case .alias(let name):
                guard let anchored = anchors[name] else {
                    throw .library(
                        .syntax(
                            problem: "found undefined alias", line: place.line, column: place.column, context: nil))
                }
                try spend(anchored.count - 1, at: place, into: &findings)
                try descend(depth + anchored.height, at: place, into: &findings)
                height = anchored.height
                return anchored.node
            // libyaml never reports these three events where a node is expected.
            case .documentStart, .end, .streamEnd: throw .library(.unreadable)
            }
        }

        private mutating func pairs(
            depth: Int, _ height: inout Int, into findings: inout Findings
        ) throws(Stop) -> [(key: YAMLKey, value: YAMLNode)] {
            var pairs: [(key: YAMLKey, value: YAMLNode)] = []
            var lines: [String: Int] = [:]
            var element = try next()
            while !element.event.isEnd {
                var below = 0
                let place = element.place
                var key: YAMLKey?
                switch element.event {
                case .scalar(let text, _, _, _):
                    key = YAMLKey(text: text, place: place)
                    if let line = lines.updateValue(place.line, forKey: text) {
                        findings.error(
                            at: place, key: "",
                            "the key \(LiteralSecret.quoted(text)) is written twice, first in line \(line)",
                            hint: "keep only one of the two")
                        throw .reported
                    }
                default:
                    findings.error(
                        at: place, "there is a list or mapping instead of a key",
                        hint: "a key is a plain word; check the brackets and the indentation")
                }
                _ = try node(element, depth: depth, &below, into: &findings)
                height = max(height, below + 1)
                let value = try node(try next(), depth: depth, &below, into: &findings)
                height = max(height, below + 1)
                if let key, let value { pairs.append((key, value)) }
                element = try next()
            }
            return pairs
        }

        private mutating func register(_ node: YAMLNode?, _ anchor: String?, since before: Int, _ height: Int) {
            guard let anchor else { return }
            anchors[anchor] = Anchored(node: node, count: count - before, height: height)
        }

        private mutating func spend(
            _ nodes: Int, at place: ConfigurationPlace, into findings: inout Findings
        ) throws(Stop) {
            count += nodes
            guard count > YAMLDocument.maximumNodes else { return }
            findings.error(
                at: place, "there are more than \(YAMLDocument.maximumNodes) values after expanding aliases",
                hint: "write the values out instead of using aliases of aliases")
            throw .reported
        }

        private func descend(
            _ depth: Int, at place: ConfigurationPlace, into findings: inout Findings
        ) throws(Stop) {
            guard depth > YAMLDocument.maximumDepth else { return }
            findings.error(at: place, "the value is nested too deeply", hint: "no key needs more than five levels")
            throw .reported
        }

        private func value(
            _ text: String, _ isPlain: Bool, _ tag: String?, _ place: ConfigurationPlace,
            into findings: inout Findings
        ) -> YAMLNode.Value? {
            if let tag, tag != "tag:yaml.org,2002:str", tag != "!" {
                findings.error(
                    at: place, "the tag \(LiteralSecret.quoted(tag)) has no meaning here",
                    hint: "remove the word that begins with !; if the ! belongs to the value, quote the whole value")
                return nil
            }
            return isPlain && ["", "~", "null", "Null", "NULL"].contains(text) ? .null : .scalar(text)
        }
    }

    // MARK: From the library's errors

    private static func report(
        _ failure: YAMLEvents.Failure, text: String, file: String, into findings: inout Findings
    ) {
        switch failure {
        case .syntax(let problem, let line, let column, let context):
            let explained = YAMLSyntaxProblem(
                problem: problem, context: context?.words, contextLine: context?.line,
                isAtTab: isTab(line: line, column: column, in: text))
            findings.error(
                at: ConfigurationPlace(file: file, line: line, column: column), explained.message,
                hint: explained.hint)
        case .unreadable:
            findings.error(
                at: ConfigurationPlace(file: file), "the file can't be read as YAML",
                hint: "check that the file is a text file in UTF-8")
        }
    }

    private static func isTab(line: Int, column: Int, in text: String) -> Bool {
        let lines = text.split(separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count, column >= 1 else { return false }
        let line = lines[line - 1]
        return line.unicodeScalars.dropFirst(column - 1).first == "\t"
            || line.unicodeScalars.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }
}

extension YAMLEvents.Event {
    fileprivate var isEnd: Bool {
        if case .end = self { true } else { false }
    }
}
