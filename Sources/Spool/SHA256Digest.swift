import CCrypto

/// SHA-256 (FIPS 180-4) over a stream, by the system's OpenSSL. Used again for message after message without allocating.
final class SHA256Digest {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    init() throws(SpoolError) {
        guard let algorithm = tributary_sha256_fetch() else { throw .codec("OpenSSL offers no SHA-256") }
        guard let context = EVP_MD_CTX_new() else {
            EVP_MD_free(algorithm)
            throw .codec("OpenSSL has no memory for a digest")
        }
        self.algorithm = algorithm
        self.context = context
        try start()
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    func start() throws(SpoolError) {
        guard EVP_DigestInit_ex2(context, algorithm, nil) == 1 else { throw .codec("OpenSSL refused a digest") }
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            throw .codec("OpenSSL refused a digest")
        }
    }

    /// The digest since `start`, as 64 lower-case hexadecimal digits.
    func finish() throws(SpoolError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .codec("OpenSSL refused a digest") }
        return Hexadecimal.text(digest)
    }
}

/// Bytes as lower-case hexadecimal digits.
enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func text(_ value: some FixedWidthInteger) -> String {
        withUnsafeBytes(of: value.bigEndian) { text($0) }
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}
