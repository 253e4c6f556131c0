/// Why a text is not a private key with which a service app can sign. The description never contains a part of the text.
package enum PrivateKeyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Neither PEM nor JSON.
    case unknownForm
    /// PEM that is encrypted with a passphrase.
    case encrypted
    /// A public key. It belongs in Okta.
    case publicKey
    /// A certificate.
    case certificate
    /// A key in OpenSSH's own format.
    case openSSH
    /// More than one key.
    case several
    /// A PEM or JWK key of the right kind that can't be read, because it is incomplete or was changed.
    case damaged
    /// An RSA key with fewer than the 2048 bits that Okta requires.
    case shortRSA(bits: Int)
    /// An elliptic curve other than P-256, or another algorithm.
    case unsupported(String)
    /// An RSA JWK without its prime factors.
    case withoutPrimes

    /// What is wrong, and what to do.
    package var description: String {
        let kinds = "an RSA key of 2048 bits or more, or an EC key on P-256, as PEM or JWK"
        return switch self {
        case .unknownForm: "this is not a private key: put \(kinds) there instead"
        case .encrypted:
            "the private key is encrypted with a passphrase: remove the passphrase (openssl pkey -in FILE -out NEW)"
        case .publicKey: "this is a public key, which only Okta needs: put the private key there instead"
        case .certificate: "this is a certificate: put the private key there instead"
        case .openSSH: "this is a key in OpenSSH's format: convert it to PEM (ssh-keygen -p -m PEM -f FILE)"
        case .several: "there is more than one private key: leave only the one that is registered with the service app"
        case .damaged:
            "the private key can't be read: it is incomplete or was changed; use it exactly as Okta or openssl wrote it"
        case .shortRSA(let bits): "the RSA key has \(bits) bits, but Okta requires at least 2048: create a larger key"
        case .unsupported(let what): "\(what) can't be used: create \(kinds)"
        case .withoutPrimes: "the JWK lacks the prime factors p and q: use the JWK as Okta shows it, or PEM"
        }
    }
}
