/// The version of the program, in the form of semver.org.
package enum Version {
    package static let current = "0.2.0"
    /// The user agent that Okta sees (RFC 9110, section 10.1.5).
    package static let userAgent = "Tributary/\(current)"
}
