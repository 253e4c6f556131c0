/// The version of the program, in the form of semver.org.
package enum Version {
    package static let current = "0.1.0"
    /// What Okta sees as the client, by RFC 9110 section 10.1.5.
    package static let userAgent = "Tributary/\(current)"
}
