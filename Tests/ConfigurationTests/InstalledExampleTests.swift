import TestSupport
import Testing

@testable import Configuration

@Suite("the installed example")
struct InstalledExampleTests {
    @Test("the installed example loads unchanged, and has no integration yet")
    func loads() throws {
        let configuration = try Workspace().load(try InstalledExample.text())
        #expect(configuration.integrations.isEmpty)
        #expect(configuration.warnings.count == 1)
    }

    @Test("the installed example is still valid after every commented-out key is uncommented")
    func everyKeyInUse() throws {
        let configuration = try InstalledExample.loaded(in: try Workspace())
        #expect(configuration.integrations.map(\.name.text) == ["acme"])
        #expect(configuration.warnings.isEmpty)
    }

    @Test("the installed example contains every key in the right section", arguments: Configuration.keys)
    func mentions(_ key: KeyDescription) throws {
        var findings = Findings()
        let text = try InstalledExample.everyKeyInUse()
        guard case .mapping(let pairs) = YAMLDocument.read(Array(text.utf8), file: "t", into: &findings) else {
            Issue.record("the example is not a mapping")
            return
        }
        var settings = Settings(place: ConfigurationPlace(file: "t"))
        settings.add(pairs, into: &findings)
        let all = [settings] + settings.items.values.joined()
        #expect(all.contains { $0.values[key.path] != nil })
    }

    @Test("the installed example shows the default of every key", arguments: Configuration.keys)
    func showsDefaults(_ key: KeyDescription) throws {
        guard case .value(let text) = key.fallback else { return }
        #expect(try InstalledExample.everyKeyInUse().contains("\(key.name): \(text)\n"))
    }

    @Test("every key has a valid default and an explanation")
    func keysAreWhole() throws {
        for section in Configuration.sections {
            for key in section.declared {
                try key.checkDefault()
                #expect(key.description.explanation.hasSuffix("."))
            }
        }
        #expect(Set(Configuration.keys.map(\.path)).count == Configuration.keys.count)
    }
}

@Suite("randomly changed configurations")
struct MutationTests {
    @Test("randomly changed configurations never cause a crash, and each problem is one line with its position")
    func neverCrash() throws {
        var generator = SeededGenerator(seed: TestSeed.seed(of: "mutated configurations"))
        let workspace = try Workspace()
        let context = try workspace.context()
        // Comments are removed, because a change of a comment would have no effect.
        let base = Array(
            try InstalledExample.everyKeyInUse().split(separator: "\n").filter { !$0.contains("#") }
                .joined(separator: "\n").utf8)
        let spice: [[UInt8]] =
            [
                "\t", ":", "- ", "\"", "'", "[", "]", "{", "}", "&a ", "*a", "!x ", "|", ">", "%", "@", "\u{0}",
                "---\n", "...\n",
                "? ", "\r", "\u{FEFF}", "é", "null", "~", "99999999999999999999", "<<: *a\n", "\\u", "#", "\n", "  ",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        for _ in 0..<1500 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(contentsOf: spice.randomElement(using: &generator) ?? [], at: at)
                case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...40, using: &generator)))
                default:
                    let end = min(bytes.count, at + Int.random(in: 1...80, using: &generator))
                    bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0..<bytes.count, using: &generator))
                }
            }
            do {
                _ = try Configuration.load(
                    sources: [ConfigurationSource(file: "t.yaml", bytes: bytes)], context: context)
            } catch {
                #expect(!error.problems.isEmpty)
                for problem in error.problems {
                    #expect(problem.description.hasPrefix("t.yaml"))
                    #expect(!problem.description.contains { $0.isNewline })
                }
            }
        }
    }
}
