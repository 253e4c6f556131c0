import ArgumentParser
import Configuration
import Credentials
import Glibc
import OktaAPI

/// Questions to the person at the terminal. They go to standard error: standard output is for the result.
struct Dialogue: Sendable {
    let interruption: Interruption
    let terminal = Terminal(descriptor: STDERR_FILENO)

    /// Nil where nobody can answer.
    init?(_ interruption: Interruption) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        self.interruption = interruption
    }

    /// Bytes of an answer.
    private static let limit = 4096

    /// Asks until the answer can be read.
    ///
    /// - Parameters:
    ///   - standard: what an empty answer means, shown in brackets.
    ///   - read: makes a value of the answer; what it throws is said, and the question asked again.
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

    /// A secret, typed or pasted without being shown, until it can be read.
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

    /// A number of the list; `standard` counts from 0, as the result does.
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

    /// What is said of an answer that can't be read; nil for an error that is about something else.
    private static func words(_ error: any Error) -> String? {
        switch error {
        case let error as ValueError: error.description
        case let error as ValidationError: error.message
        case let error as CredentialError: error.description
        default: nil
        }
    }

    /// A line without its end and the spaces around it.
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
