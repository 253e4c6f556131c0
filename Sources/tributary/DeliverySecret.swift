import CommandHints
import Configuration
import Credentials
import Delivery
import FoundationEssentials

/// A secret of a delivery: an access key, a token or a password, depending on the destination. The configuration does not
/// declare such a secret as a credential.
struct DeliverySecret {
    private let options: CredentialOptions
    private let administration: Administration
    private let name: Name

    init(_ options: CredentialOptions, _ name: Name) throws {
        self.options = options
        self.name = name
        administration = try options.administration
    }

    func add(plain: Bool) throws {
        guard try administration.keeper.form(of: name) == nil else {
            Terminal.complain(
                "tributary: the secret “\(name)” already exists; replace it with: "
                    + CommandHint.command("credential rotate \(name) --for \(options.service)")
            )
            throw ExitStatus.dataError
        }
        try administration.keep(try read("Secret of \(name) (not shown): "), as: name, plain: plain)
        try administration.layDownSecrets()
        Terminal.complain("the secret “\(name)” is stored\(hint)")
    }

    func rotate() throws {
        let keeper = administration.keeper
        guard let form = try keeper.form(of: name) else { throw try missing() }
        try keeper.put(try read("New secret of \(name) (not shown): "), as: name, form)
        try administration.layDownSecrets()
        Terminal.complain("the secret “\(name)” is replaced; a running delivery uses it within seconds")
    }

    func remove() throws {
        guard try administration.keeper.remove(name) else { throw try missing() }
        try administration.layDownSecrets()
        Terminal.complain("the secret “\(name)” is removed; revoke it at the destination")
    }

    static func list(_ options: CredentialOptions, json: Bool) throws {
        struct Row: Encodable {
            let name, service, form: String
            let putAt: Int?
        }
        let keeper = try options.administration.keeper
        let rows = try keeper.names().map { name in
            Row(
                name: name.text, service: options.service, form: try keeper.form(of: name)?.rawValue ?? "",
                putAt: try keeper.putAt(name))
        }
        guard json else {
            for row in rows { Terminal.result("\(row.name)  \(row.form)") }
            return
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        Terminal.result(String(decoding: try encoder.encode(rows), as: UTF8.self))
    }

    /// Reads a secret, and checks that it is not empty and has the form that the destination requires.
    ///
    /// - Throws: exit code 65, with a message, if the secret is refused.
    private func read(_ prompt: String) throws -> [UInt8] {
        let secret = try SecretInput.read(prompt)
        guard secret.contains(where: { $0 > 0x20 }) else {
            Terminal.complain("tributary: the secret is empty, so nothing was changed")
            throw ExitStatus.dataError
        }
        if let destination = try? administration.load().destination(named: destinationName),
            let problem = DestinationSecret.problem(secret, of: destination)
        {
            Terminal.complain("tributary: \(problem); nothing was changed")
            throw ExitStatus.dataError
        }
        return secret
    }

    private var destinationName: String { String(options.service.dropFirst("deliver/".count)) }

    /// The part of a message that says whether the delivery uses the secret. By default, a delivery uses the secret that has the delivery's name.
    private var hint: String {
        name.text == destinationName
            ? "; a running delivery uses it within seconds"
            : "; but the delivery “\(destinationName)” uses another secret: the secret with the delivery's name, or the file that secret_file names"
    }

    private func missing() throws -> any Error {
        Terminal.complain("tributary: there is no secret “\(name)” in \(administration.directories.source)")
        return ExitStatus.noInput
    }
}
