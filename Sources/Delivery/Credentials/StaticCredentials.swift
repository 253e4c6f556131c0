import CurlHTTPClient

/// Reads an access key from a file on this host. If the file is replaced, the new key is used automatically.
package struct StaticCredentials: AWSCredentialSource {
    private let file: SecretFile<AWSCredentials, SecretFileError>

    /// Only stores the path. ``fetch()`` reads the file, unless it is unchanged since the last time.
    package init(path: String) {
        file = SecretFile(path: path, maximumBytes: 64 << 10) { text throws(SecretFileError) in
            guard let credentials = AWSCredentials(file: text) else { throw .malformed(place: path) }
            return credentials
        }
    }

    package func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        do throws(SecretFileError) {
            return try file.value()
        } catch .unreadable(let path, let reason) {
            throw AWSCredentialProblem(
                "the access key can't be read: \(path): \(reason)",
                remedy: "Store the key in this file, or correct “secret_file”; Tributary reads the file again")
        } catch {
            throw AWSCredentialProblem(
                "\(file.path) does not contain an access key",
                remedy: "Write one key in two lines: aws_access_key_id = … and aws_secret_access_key = …")
        }
    }
}
