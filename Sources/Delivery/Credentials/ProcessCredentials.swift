/// Gets an access key from a command, as AWS's tools do with their setting `credential_process`.
package struct ProcessCredentials: AWSCredentialSource {
    /// How long the command may take.
    static let timeout = Duration.seconds(60)
    let command: [String]

    package init(command: [String]) { self.command = command }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        let result = await Command(words: command, timeout: Self.timeout).run()
        let program = command.first ?? ""
        // The command's standard error is not repeated in messages, because it may contain a part of the key.
        let remedy = "Run the command by hand as the service's user to see its error; Tributary runs it again"
        switch result.ending {
        case .exit(0):
            guard let credentials = AWSCredentials(json: result.output) else {
                throw AWSCredentialProblem(
                    "\(program) printed no access key",
                    remedy:
                        "The command must print JSON with AccessKeyId and SecretAccessKey, and for a temporary key "
                        + "also with SessionToken and Expiration")
            }
            return credentials
        case .exit(let status):
            throw AWSCredentialProblem(
                "\(program), which prints the access key, ended with status \(status)", remedy: remedy)
        case .signal(let signal):
            throw AWSCredentialProblem(
                "\(program), which prints the access key, was ended by signal \(signal)", remedy: remedy)
        case .timedOut:
            throw AWSCredentialProblem(
                "\(program), which prints the access key, took longer than 60 s", remedy: remedy)
        case .tooMuchOutput:
            throw AWSCredentialProblem("\(program) printed too much to be an access key", remedy: remedy)
        case .cancelled: throw AWSCredentialProblem("\(program) was stopped", remedy: "No action is needed")
        case .notStarted(let what, let code):
            throw AWSCredentialProblem(
                "can't \(what): \(FileFailure.words(code))",
                remedy: "Check the command's path and permissions, and use a unit that may run programs: "
                    + "tributary-deliver-exec@.service")
        }
    }
}
