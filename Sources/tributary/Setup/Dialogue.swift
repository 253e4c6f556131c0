import ArgumentParser
import Configuration
import Credentials
import Glibc
import OktaAPI

/// Asks the person at the terminal. Questions go to standard error, because standard output is for the result.
struct Dialogue: Sendable {
    let interruption: Interruption
    let terminal = Terminal(descriptor: STDERR_FILENO)

    /// Starts a dialogue; nil if standard input or standard error is not a terminal.
    init?(_ interruption: Interruption) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        self.interruption = interruption
    }

    /// The maximum size of an answer in bytes.
    private static let limit = 4096

    /// Asks a question, and repeats it until the answer is valid.
    ///
    /// - Parameters:
    ///   - standard: the meaning of an empty answer, shown in brackets.
    ///   - read: converts the answer to a value. If it throws an error about the answer, the error is printed and the question is asked again.
    func ask<Value>(_ question: String, standard: String? = nil, _ read: (String) throws -> Value) throws -> Value {
        while true {
            let shown = standard.map { $0.isEmpty ? "" : " [\($0.printable)]" } ?? ""
            let answer = try line("\(terminal.bold(question))\(shown): ")
            do {
                return try read(answer.isEmpty ? standard ?? "" : answer)
            } catch {
                guard let words = Self.words(error) else { throw error }
                complain(words)
            }
        }
    }

    /// Asks for a secret until a valid one is entered. The terminal does not show what the person types or pastes.
    func secret(_ prompt: String, _ check: ([UInt8]) throws -> Void) throws -> [UInt8] {
        while true {
            let secret: [UInt8]
            do throws(SecretInput.Failure) {
                secret = try SecretInput.read(terminal.bold("\(prompt) (not shown)") + ": ", interruption)
            } catch .cancelled {
                throw Interruption.Stopped()
            }
            do {
                try check(secret)
                return secret
            } catch {
                guard let words = Self.words(error) else { throw error }
                complain(words)
            }
        }
    }

    /// Asks the person to choose from a list. `standard` (the default answer) and the returned value are indices of `options`.
    func choose(_ question: String, among options: [(title: String, about: String)], standard: Int = 0) throws -> Int {
        Terminal.complain(terminal.bold(question))
        let width = options.map(\.title.count).max() ?? 0
        for (number, option) in options.enumerated() {
            let pad = String(repeating: " ", count: width - option.title.count + 2)
            Terminal.complain("  \(number + 1)) \(option.title)\(pad)\(terminal.dim(option.about))")
        }
        return try ask("Choice", standard: "\(standard + 1)") { answer in
            guard let number = Int(answer), options.indices.contains(number - 1) else {
                throw ValueError("write a number from 1 to \(options.count)")
            }
            return number - 1
        }
    }

    func confirm(_ question: String, standard: Bool) throws -> Bool {
        try ask(question + (standard ? " [Y/n]" : " [y/N]"), standard: "") { answer in
            switch answer.lowercased() {
            case "": standard
            case "y", "yes": true
            case "n", "no": false
            default: throw ValueError("write y or n")
            }
        }
    }

    func note(_ text: String) { Terminal.complain(text) }
    func hint(_ text: String) { Terminal.complain(terminal.dim("  " + text)) }
    func complain(_ words: String) { Terminal.complain("  \(terminal.red("✘")) \(words)") }

    /// The message about an invalid answer; nil if the error has another cause.
    private static func words(_ error: any Error) -> String? {
        switch error {
        case let error as ValueError: error.description
        case let error as ValidationError: error.message
        case let error as CredentialError: error.description
        default: nil
        }
    }

    /// Reads a line, and returns it without the newline and without white space at both ends.
    private func line(_ prompt: String) throws -> String {
        Terminal.write(prompt)
        var bytes: [UInt8] = []
        while true {
            do {
                try interruption.waitForInput()
            } catch {
                Terminal.write("\n")
                throw error
            }
            var byte: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, bytes.count <= Self.limit else {
                Terminal.write("\n")
                throw Interruption.Stopped()
            }
            if byte == 0x0A || byte == 0x0D { break }
            bytes.append(byte)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
