/// The ids of one OCSF enumeration with their captions. For the id 99 (Other), a record contains the source's own word instead of a caption. This
/// word must not be the caption of another id.
struct EnumTable: Sendable {
    let captions: [(id: Int, caption: StaticString)]

    func id(captioned text: JSONText) -> Int? {
        for entry in captions where text.equals(entry.caption) { return entry.id }
        return nil
    }

    func caption(_ id: Int) -> StaticString {
        for entry in captions where entry.id == id { return entry.caption }
        return "Unknown"
    }

    static let userType = EnumTable(captions: [
        (1, "User"), (3, "System"), (4, "Service"), (2, "Admin"), (0, "Unknown"),
    ])
    static let endpointType = EnumTable(captions: [
        (0, "Unknown"), (1, "Server"), (2, "Desktop"), (3, "Laptop"), (4, "Tablet"), (5, "Mobile"), (6, "Virtual"),
        (7, "IOT"), (8, "Browser"), (9, "Firewall"), (10, "Switch"), (11, "Hub"), (12, "Router"), (13, "IDS"),
        (14, "IPS"),
        (15, "Load Balancer"),
    ])
    static let osType = EnumTable(captions: [
        (0, "Unknown"), (100, "Windows"), (101, "Windows Mobile"), (200, "Linux"), (201, "Android"), (300, "macOS"),
        (301, "iOS"), (302, "iPadOS"), (400, "Solaris"), (401, "AIX"), (402, "HP-UX"),
    ])
    static let entityType = EnumTable(captions: [
        (0, "Unknown"), (1, "Device"), (2, "User"), (3, "Group"), (4, "Organization"), (5, "Policy"), (6, "Email"),
        (7, "Network Zone"),
    ])
    static let status = EnumTable(captions: [(0, "Unknown"), (1, "Success"), (2, "Failure")])
    static let factorType = EnumTable(captions: [
        (0, "Unknown"), (1, "SMS"), (2, "Security Question"), (3, "Phone Call"), (4, "Biometric"),
        (5, "Push Notification"),
        (6, "Hardware Token"), (7, "OTP"), (8, "Email"), (9, "U2F"), (10, "WebAuthn"), (11, "Password"),
    ])
    static let verdict = EnumTable(captions: [
        (0, "Unknown"), (1, "False Positive"), (2, "True Positive"), (3, "Disregard"), (4, "Suspicious"), (5, "Benign"),
        (6, "Test"), (7, "Insufficient Data"), (8, "Security Risk"), (9, "Managed Externally"), (10, "Duplicate"),
    ])
    static let protocolType = EnumTable(captions: [
        (0, "Unknown"), (1, "NTLM"), (2, "Kerberos"), (3, "Digest"), (4, "OpenID"), (5, "SAML"), (6, "OAUTH 2.0"),
        (7, "PAP"),
        (8, "CHAP"), (9, "EAP"), (10, "RADIUS"), (11, "Basic Authentication"), (12, "LDAP"),
    ])
    static let tokenType = EnumTable(captions: [
        (0, "Unknown"), (1, "Ticket Granting Ticket"), (2, "Service Ticket"), (3, "Identity Token"),
        (4, "Refresh Token"),
        (5, "SAML Assertion"), (6, "Client Token"), (7, "API Token"),
    ])
}

extension RecordWriter {
    /// Writes an id and its name. `id` is the id that the mapping derives from `text`, or 99 if no id fits. If `id` is 99, there are three cases. A
    /// text that is itself a caption gets that caption's id. A missing text, or a text with escapes, which could spell a caption, becomes Unknown.
    /// Any other text becomes the name. Returns whether the text is in the record unchanged.
    @discardableResult
    mutating func enumerated(
        _ idOpening: StaticString, _ nameOpening: StaticString, _ id: Int, _ text: JSONText?, _ table: EnumTable
    ) -> Bool {
        var id = id
        if id == 99 {
            if let text, !text.isEscaped { id = table.id(captioned: text) ?? 99 } else { id = 0 }
        }
        put(idOpening)
        integer(Int64(id))
        put(",")
        if id == 99, let text {
            string(nameOpening, text)
            return true
        }
        let caption = table.caption(id)
        put(nameOpening)
        put(caption)
        put("\",")
        return text?.equals(caption) ?? false
    }
}
