import Configuration
import Foundation
import TestSupport
import Testing

/// Compares docs/configuration.md with the declarations. `make docs` rewrites its table.
@Suite("docs/configuration.md")
struct ReferenceTests {
    @Test("docs/configuration.md has every key with its values, its default and its meaning")
    func keys() throws {
        var table = "| key | takes | default | |\n| --- | --- | --- | --- |\n"
        for key in Configuration.keys {
            let fallback =
                switch key.fallback {
                case .required: "required"
                case .none: ""
                case .value(let text): "`\(text)`"
                case .environment, .described: key.fallback.text ?? ""
                }
            let restart = key.change == .atRestart ? " Needs a restart." : ""
            table +=
                "| `\(key.path)` | \(key.isList ? "a list: " : "")\(key.valueKind) | \(fallback) | \(key.explanation)\(restart) |\n"
        }
        try MadePart(of: "docs/configuration.md", named: "keys").check(table)
    }
}
