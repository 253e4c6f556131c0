import CurlHTTPClient
import FoundationEssentials
import Glibc
import Time

/// An HTTP service that provides access keys. Sends requests to the service, and reads access keys from its answers.
struct CredentialService: Sendable {
    let transport: any HTTPTransport
    /// The service's name in messages, such as "the instance's metadata service".
    let name: String

    /// Sends a request and returns the body of an answer with status 200. The time limits are short, because most of these services are on this host
    /// or its local network.
    func ask(_ method: HTTPMethod, _ url: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil)
        async throws(AWSCredentialProblem) -> [UInt8]
    {
        var request = HTTPRequest(method, url, body: body)
        for (name, value) in headers { request.headers.append(name, value) }
        request.limits = HTTPLimits(
            connect: .seconds(5), total: .seconds(30), stall: .seconds(20), bodyBytes: 64 << 10, headerBytes: 64 << 10)
        request.allowsLinkLocal = true
        request.addressName = name
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await transport.send(request)
        } catch {
            throw AWSCredentialProblem(
                "no access key from \(name): \(error.summary)",
                remedy: "Check that this host can reach \(name), or set “credentials” to another source")
        }
        guard response.status == 200 else {
            let code = XMLElement.text("Code", in: response.body).map { " (\($0.oneLine(limit: 100)))" } ?? ""
            throw AWSCredentialProblem(
                "no access key from \(name): it answered with status \(response.status)\(code)",
                remedy: "Check the role of this host or workload")
        }
        return response.body
    }

    func credentials(_ body: [UInt8]) throws(AWSCredentialProblem) -> AWSCredentials {
        guard let credentials = AWSCredentials(json: body) else {
            throw AWSCredentialProblem(
                "the answer of \(name) contains no usable access key",
                remedy: "Check the role of this host or workload")
        }
        return credentials
    }
}

/// Gets the access key of an EC2 instance's role from version 2 of the instance's metadata service
/// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html).
package struct InstanceCredentials: AWSCredentialSource {
    private let service: CredentialService
    private let base: String

    /// - Parameter environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT` may name an address other than 169.254.169.254.
    package init(transport: any HTTPTransport, environment: [String: String]) {
        service = CredentialService(transport: transport, name: "the instance's metadata service")
        var base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
    }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        let token = try await service.ask(
            .put, base + "/latest/api/token", [("X-aws-ec2-metadata-token-ttl-seconds", "300")])
        let header = ("X-aws-ec2-metadata-token", try word(token))
        let path = base + "/latest/meta-data/iam/security-credentials/"
        let role = try word(try await service.ask(.get, path, [header]))
        return try service.credentials(try await service.ask(.get, path + role, [header]))
    }

    /// The first line of a body. Throws if the line can't be used in a header or a path.
    private func word(_ body: [UInt8]) throws(AWSCredentialProblem) -> String {
        let line = body.prefix { $0 != 0x0A && $0 != 0x0D }
        guard (1...1024).contains(line.count), line.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw AWSCredentialProblem(
                "the instance's metadata service returned no usable token or role",
                remedy: "Attach a role to the instance, or set “credentials” to a source that this host has")
        }
        return String(decoding: line, as: UTF8.self)
    }
}

/// Gets the access key for the role of an ECS task, or of a pod with EKS Pod Identity
/// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
package struct ContainerCredentials: AWSCredentialSource {
    private let service: CredentialService
    private let environment: [String: String]

    package init(transport: any HTTPTransport, environment: [String: String]) {
        service = CredentialService(transport: transport, name: "the container's credential endpoint")
        self.environment = environment
    }

    /// Whether the environment contains the address of a container's credential endpoint.
    package static func isPresent(in environment: [String: String]) -> Bool {
        environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] != nil
            || environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] != nil
    }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        let url: String
        if let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            url = "http://169.254.170.2\(relative.hasPrefix("/") ? "" : "/")\(relative)"
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            url = full
        } else {
            throw AWSCredentialProblem(
                "there is no credential endpoint for a container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
                    + "nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
                remedy: "Set “credentials” to a source that this host has")
        }
        var headers: [(String, String)] = []
        if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            headers.append(("Authorization", try TokenFile.word(path)))
        } else if let token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            headers.append(("Authorization", token))
        }
        return try service.credentials(try await service.ask(.get, url, headers))
    }
}

/// Gets the access key of a role from AWS STS, in exchange for the token of a web identity, such as a Kubernetes service account
/// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). The request is not signed.
package struct WebIdentityCredentials: AWSCredentialSource {
    private let service: CredentialService
    private let environment: [String: String]
    private let region: String

    /// - Parameter environment: must contain `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`. `AWS_ROLE_SESSION_NAME` and `AWS_ENDPOINT_URL_STS` are
    ///   optional.
    package init(transport: any HTTPTransport, environment: [String: String], region: String) {
        service = CredentialService(transport: transport, name: "AWS STS")
        self.environment = environment
        self.region = region
    }

    /// Whether the environment describes a web identity: a token file and a role.
    package static func isPresent(in environment: [String: String]) -> Bool {
        environment["AWS_WEB_IDENTITY_TOKEN_FILE"] != nil && environment["AWS_ROLE_ARN"] != nil
    }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        guard let role = environment["AWS_ROLE_ARN"], let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"] else {
            throw AWSCredentialProblem(
                "there is no web identity: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not both set",
                remedy: "Set both variables for the unit, or set “credentials” to a source that this host has")
        }
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", environment["AWS_ROLE_SESSION_NAME"] ?? "tributary"),
            ("WebIdentityToken", try TokenFile.word(file)),
        ].map { "\($0)=\(PercentEncoding.encode($1, keepingSlash: false))" }.joined(separator: "&")
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let url = environment["AWS_ENDPOINT_URL_STS"] ?? "https://sts.\(region).\(domain)"
        let body = try await service.ask(
            .post, url.hasSuffix("/") ? url : url + "/", [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(form.utf8))
        let expiration = XMLElement.text("Expiration", in: body).flatMap(CivilTime.milliseconds(rfc3339:))
        guard let keyID = XMLElement.text("AccessKeyId", in: body),
            let secret = XMLElement.text("SecretAccessKey", in: body),
            let token = XMLElement.text("SessionToken", in: body), let expiration,
            let credentials = AWSCredentials(keyID: keyID, secret: secret, sessionToken: token, expires: expiration)
        else {
            throw AWSCredentialProblem(
                "the answer of AWS STS contains no access key", remedy: "Check AWS_ENDPOINT_URL_STS and the proxy")
        }
        return credentials
    }
}

/// Uses the first source that this host has, in this order: a file, a web identity, a container's endpoint, the instance's metadata service. Each
/// fetch chooses the source again.
package struct AutomaticCredentials: AWSCredentialSource {
    private let transport: any HTTPTransport
    private let environment: [String: String]
    private let region: String
    private let secretFile: String
    private let file: StaticCredentials

    package init(transport: any HTTPTransport, environment: [String: String], region: String, secretFile: String) {
        self.transport = transport
        self.environment = environment
        self.region = region
        self.secretFile = secretFile
        file = StaticCredentials(path: secretFile)
    }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        if access(secretFile, F_OK) == 0 { return try await file.fetch() }
        if WebIdentityCredentials.isPresent(in: environment) {
            return try await WebIdentityCredentials(transport: transport, environment: environment, region: region)
                .fetch()
        }
        if ContainerCredentials.isPresent(in: environment) {
            return try await ContainerCredentials(transport: transport, environment: environment).fetch()
        }
        do throws(AWSCredentialProblem) {
            return try await InstanceCredentials(transport: transport, environment: environment).fetch()
        } catch {
            throw AWSCredentialProblem(
                "this host has no access key: no file \(secretFile), no web identity, "
                    + "no container credential endpoint, and \(error.message)",
                remedy: "Store a key in that file, or set “credentials” to a source that this host has")
        }
    }
}

/// Reads a token from a file that another program replaces from time to time.
enum TokenFile {
    static func word(_ path: String) throws(AWSCredentialProblem) -> String {
        let file = SecretFile<String, SecretFileError>(path: path, maximumBytes: 32 << 10) {
            text throws(SecretFileError) in
            var word = text[...]
            while word.last?.isWhitespace == true { word.removeLast() }
            guard !word.isEmpty, word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw .malformed(place: path)
            }
            return String(word)
        }
        do throws(SecretFileError) {
            return try file.value()
        } catch .unreadable(let path, let reason) {
            throw AWSCredentialProblem(
                "the token file \(path) can't be read: \(reason)", remedy: "Check the file's path and permissions")
        } catch {
            throw AWSCredentialProblem(
                "\(path) does not contain a token", remedy: "Check the program that writes this file")
        }
    }
}
