/// A tactic and a technique of MITRE ATT&CK for Enterprise, as a row of the catalogue names them: `TA0003:T1098.003`.
struct Attack: Equatable {
    let tactic: Substring
    let technique: Substring
    /// The id of the sub-technique, which begins with the technique's id: `T1098.003`. Nil if the row names only a technique.
    let subTechnique: Substring?

    /// The release of ATT&CK whose ids and names are used. In this release, Defense Evasion is still a single tactic. The rules that the catalogue
    /// cites refer to this tactic.
    static let version = "18.0"

    /// Nil unless the text consists of ids in ATT&CK's form.
    init?(_ text: Substring) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isID(parts[0], "TA", 4) else { return nil }
        let ids = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard Self.isID(ids[0], "T", 4), ids.count == 1 || (ids.count == 2 && Self.isID(ids[1], "", 3)) else {
            return nil
        }
        tactic = parts[0]
        technique = ids[0]
        subTechnique = ids.count == 2 ? parts[1] : nil
    }

    private static func isID(_ text: Substring, _ prefix: String, _ digits: Int) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + digits
            && text.dropFirst(prefix.count).utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    /// The JSON of a record's member `attacks`, followed by a comma. An id without a name in the tables below is written without a name.
    static func rendered(_ attacks: [Attack]) -> [UInt8] {
        Array("\"attacks\":[\(attacks.map(\.json).joined(separator: ","))],".utf8)
    }

    private var json: String {
        func object(_ member: String, _ id: Substring) -> String {
            let name = Self.names[String(id)].map { ",\"name\":\"\($0)\"" } ?? ""
            return ",\"\(member)\":{\"uid\":\"\(id)\"\(name)}"
        }
        return "{\"version\":\"\(Self.version)\"" + object("tactic", tactic) + object("technique", technique)
            + (subTechnique.map { object("sub_technique", $0) } ?? "") + "}"
    }

    static let names: [String: String] = [
        "TA0001": "Initial Access", "TA0002": "Execution", "TA0003": "Persistence", "TA0004": "Privilege Escalation",
        "TA0005": "Defense Evasion", "TA0006": "Credential Access", "TA0007": "Discovery",
        "TA0008": "Lateral Movement", "TA0009": "Collection", "TA0010": "Exfiltration",
        "TA0011": "Command and Control", "TA0040": "Impact", "TA0042": "Resource Development",
        "TA0043": "Reconnaissance",
        "T1078": "Valid Accounts", "T1078.004": "Cloud Accounts",
        "T1098": "Account Manipulation", "T1098.003": "Additional Cloud Roles",
        "T1199": "Trusted Relationship",
        "T1484": "Domain or Tenant Policy Modification", "T1484.002": "Trust Modification",
        "T1556": "Modify Authentication Process", "T1556.006": "Multi-Factor Authentication",
        "T1562": "Impair Defenses", "T1562.007": "Disable or Modify Cloud Firewall",
    ]
}
