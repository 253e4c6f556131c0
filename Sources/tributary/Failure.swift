import ArgumentParser
import Collector
import FoundationEssentials

/// The reason why a command ends, and its exit code. `Tributary.main` prints the text to standard error; a command with `--json` also prints the
/// problem as a document.
struct Failure: Error {
    /// The complete text for a person, in one or more lines.
    let text: String
    let code: ExitCode
    /// The problem without instructions, for programs. If this is nil, programs get ``text``.
    var problem: String?
    /// The result of the test at the org, if there was a test.
    var check: OnlineReport?

    init(_ text: String, _ code: ExitCode, problem: String? = nil, check: OnlineReport? = nil) {
        self.text = text
        self.code = code
        self.problem = problem
        self.check = check
    }

    /// The same failure with one more line at the end of its text.
    func adding(_ line: String) -> Failure { Failure("\(text)\n\(line)", code, problem: problem, check: check) }
}

/// The JSON document that a command prints if it could not save its change.
private struct FailureDocument: Encodable {
    var name: String?
    var state = "not_saved"
    var problem: String
    var check: OnlineReport?
}

extension Failure {
    /// Runs the body of a command that saves something.
    ///
    /// - Parameters:
    ///   - json: whether to print a ``FailureDocument`` if the body fails.
    ///   - name: the name of the item to be saved.
    static func documented(_ json: Bool, name: String?, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch  where json {
            let document: FailureDocument? =
                switch error {
                case let failure as Failure:
                    FailureDocument(name: name, problem: failure.problem ?? failure.words, check: failure.check)
                case let error as ValidationError: FailureDocument(name: name, problem: error.message)
                // A command that throws an exit code has already printed its message, or its own document.
                default: nil
                }
            if let document { Terminal.result(try IntegrationTable.json(document)) }
            throw error
        }
    }

    /// The text without `tributary: ` at the beginning of its lines.
    private var words: String {
        text.split(separator: "\n").map { line in
            line.hasPrefix("tributary: ") ? String(line.dropFirst("tributary: ".count)) : String(line)
        }.joined(separator: "\n")
    }
}
