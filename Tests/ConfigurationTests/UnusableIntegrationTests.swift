import Configuration
import Testing

@Suite("A mistake in one integration")
struct UnusableIntegrationTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func start(
        _ text: String, _ dropIns: [(String, String)] = [], mistakes: ConfigurationContext.MistakeScope = .integration
    ) throws -> Configuration {
        var context = try workspace.context(secrets: .warned)
        context.mistakes = mistakes
        return try Configuration.load(
            sources: [ConfigurationSource(file: "t.yaml", text: text)]
                + dropIns.map { ConfigurationSource(file: $0, text: $1) }, context: context)
    }

    private static let globex = """
        credentials:
          - name: g
        integrations:
          - name: globex
            url: https://globex.okta.com
            data_ingest:
              credential: g

        """

    @Test(
        "at a start, only the integration with the mistake is left out; at a reload, the whole configuration is refused",
        arguments: [
            ("url: https://globex.okta.com", "url: not a host", "globex", "url"),
            ("credential: g", "credential: h", "globex", "there is no credential “h”"),
            ("credential: g", "credential: g\n      page_size: 5000", "globex", "out of range"),
            ("credential: g", "credential: g\n      filter: a eq \"b", "globex", "unpaired quotation mark"),
            ("credential: g", "credential: g\n      filtre: x", "globex", "unknown key"),
            ("name: globex", "name: acme", "conf.d/globex.yaml:4:5", "already exists"),
            ("- name: g\n", "- name: g\n    type: oauth\n", "globex", "“client_id” is missing"),
            ("- name: g\n", "- name: g\n    colour: red\n", "globex", "unknown key"),
            ("  - name: globex", "  - name: [globex", "conf.d/globex.yaml", "conf.d/globex.yaml"),
            ("\n    url", "\n\turl", "conf.d/globex.yaml", "tab"),
        ])
    func leftOut(text: String, other: String, name: String, words: String) throws {
        let broken = Self.globex.replacing(text, with: other)
        try #require(broken != Self.globex)
        let loaded = try start(good, [("conf.d/globex.yaml", broken)])
        #expect(loaded.integrations.map(\.name.text) == ["acme"])
        #expect(loaded.unusable.map(\.name) == [name])
        let problem = try #require(loaded.unusable.first?.problems.first)
        #expect(problem.description.contains(words), "\(problem)")
        #expect(problem.place.file == "conf.d/globex.yaml" && problem.place.line > 0)
        #expect(throws: ConfigurationError.self) {
            try start(good, [("conf.d/globex.yaml", broken)], mistakes: .whole)
        }
    }

    @Test(
        "a mistake that may affect all integrations stops the start",
        arguments: [
            ("a key that concerns all integrations", "spool:\n  compression: lzma\n"),
            ("an unknown section", "spol: {}\n"),
            (
                "invalid YAML that may also contain other sections",
                "integrations:\n  - name: [x\nspool:\n  directory: /srv\n"
            ),
            ("invalid YAML from the first line", "integrations\n\t- x"),
            ("a file that is not text", "%$\u{1}"),
        ])
    func concernsAll(what: String, dropIn: String) throws {
        #expect(throws: ConfigurationError.self, "\(what)") { try start(good, [("conf.d/x.yaml", dropIn)]) }
    }

    @Test("if the only integration has a mistake, the configuration is refused, both at a start and at a reload")
    func last() throws {
        let broken = good.replacing("https://acme.okta.com", with: "not a host")
        let error = try #require(throws: ConfigurationError.self) { try start(broken) }
        #expect(error.problems.map(\.place.line) == [7])
        let strict = try #require(throws: ConfigurationError.self) { try start(broken, mistakes: .whole) }
        #expect(strict.problems == error.problems)
        // With `everyIntegration`, the configuration is accepted although no integration is left: the only one has a mistake and is left out.
        #expect(try start(broken, mistakes: .everyIntegration).unusable.map(\.name) == ["acme"])
    }

    @Test("an unused credential with a mistake causes a warning")
    func unusedCredential() throws {
        let text = good.replacing("credentials:\n", with: "credentials:\n  - name: x\n    type: oauth\n")
        let loaded = try start(text)
        #expect(loaded.unusable.isEmpty && loaded.integrations.count == 1)
        #expect(loaded.warnings.contains { $0.message.contains("client_id") })
    }

    @Test("if a secret is missing at a start, a warning says so, and the integration is not left out")
    func missingSecret() throws {
        let loaded = try start(good, [("conf.d/globex.yaml", Self.globex)])
        #expect(loaded.unusable.isEmpty && loaded.integrations.count == 2)
        #expect(loaded.warnings.contains { $0.message.contains("the secret of the credential “g” is missing") })
    }
}
