/// The people, places, devices and apps of one simulated org, made from its seed. All texts are already escaped for JSON strings.
/// IP addresses are from the ranges for documentation (RFC 5737, RFC 3849), and mail domains end in `.example` (RFC 2606).
struct Vocabulary: Sendable {
    struct Entity: Sendable {
        let id: [UInt8]
        let name: [UInt8]
        let alternate: [UInt8]
        /// The text of `name` before it was escaped for JSON.
        let plainName: String
        /// The text of `alternate` before it was escaped for JSON.
        let plainAlternate: String
    }

    struct Place: Sendable {
        let city: [UInt8]
        let state: [UInt8]
        let country: [UInt8]
        let postal: [UInt8]
        let lat: [UInt8]
        let lon: [UInt8]
    }

    struct Agent: Sendable {
        let raw: [UInt8]
        let os: [UInt8]
        let browser: [UInt8]
        let device: StaticString
    }

    let users: [Entity]
    let apps: [Entity]
    let groups: [Entity]
    let places: [Place]
    let agents: [Agent]

    init(seed: UInt64) {
        var rolls = Rolls(Seed.derive(seed, .pools, 0))
        func identifier(_ prefix: String) -> [UInt8] {
            var out = Array(prefix.utf8)
            out.appendBase62(rolls.next(), count: 14)
            out.append("0g4")
            return out
        }
        var users: [Entity] = []
        for number in 0..<400 {
            let first = Self.firstNames[rolls.below(Self.firstNames.count)]
            let last = Self.lastNames[rolls.below(Self.lastNames.count)]
            let domain = Self.domains[rolls.below(Self.domains.count)]
            let login = "\(first).\(last)\(number)@\(domain)".lowercased()
            users.append(
                Entity(
                    id: identifier("00u"), name: .jsonEscaped("\(first) \(last)"), alternate: .jsonEscaped(login),
                    plainName: "\(first) \(last)", plainAlternate: login))
        }
        self.users = users
        apps = Self.appNames.map {
            Entity(
                id: identifier("0oa"), name: .jsonEscaped($0), alternate: .jsonEscaped($0), plainName: $0,
                plainAlternate: $0)
        }
        groups = Self.groupNames.map {
            Entity(
                id: identifier("00g"), name: .jsonEscaped($0), alternate: Array("unknown".utf8), plainName: $0,
                plainAlternate: "unknown")
        }
        places = Self.placeTable.map {
            Place(
                city: .jsonEscaped($0.0), state: .jsonEscaped($0.1), country: .jsonEscaped($0.2),
                postal: .jsonEscaped($0.3),
                lat: Array($0.4.utf8), lon: Array($0.5.utf8))
        }
        agents = Self.agentTable.map {
            Agent(raw: .jsonEscaped($0.0), os: .jsonEscaped($0.1), browser: .jsonEscaped($0.2), device: $0.3)
        }
    }

    private static let firstNames = [
        "Ana", "Ben", "Chloe", "Dana", "Emil", "Farah", "Gita", "Hugo", "Ines", "Jonas", "Kiran", "Lena", "Marcus",
        "Nadia", "Oscar",
        "Priya", "Quentin", "Rosa", "Samir", "Tessa", "Vera", "Walter", "Yusuf", "Zoë", "José", "Søren", "Łukasz",
        "Мария", "美咲", "علي",
        "Σοφία", "Jürgen", "D'Arcy", "🦊 Robin",
    ]
    private static let lastNames = [
        "Adler", "Brandt", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hoffmann", "Jensen", "Kowalski",
        "Lindqvist",
        "Moreau", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Schneider", "Tanaka", "Varga", "Weber", "Xu",
        "Yilmaz", "Zhang",
        "Müller", "Núñez", "Ångström", "Dvořák", "Иванова", "佐藤", "O'Neil", "\"Buddy\" Smith",
    ]
    private static let domains = ["corp.example", "mail.corp.example", "emea.example", "it.example"]
    private static let appNames = [
        "Salesforce.com", "Microsoft Office 365", "Google Workspace", "Slack", "Zoom", "Workday", "ServiceNow UD",
        "GitHub Team",
        "AWS Account Federation", "Jira Cloud", "Confluence", "Box", "Okta Admin Console", "Okta Dashboard",
        "Palo Alto GlobalProtect",
        "Zscaler 2.0", "Tableau", "Snowflake", "Datadog", "PagerDuty", "Dropbox Business", "Figma", "Notion",
        "1Password", "Miro",
    ]
    private static let groupNames = [
        "Everyone", "Engineering", "Finance", "Human Resources", "Sales EMEA", "Sales APAC", "Contractors",
        "Vertrieb Süd",
        "Okta Administrators", "VPN Users", "開発", "R&D / \"Skunkworks\"", "Support L1", "Support L2", "Facilities",
    ]
    private static let placeTable: [(String, String, String, String, String, String)] = [
        ("San Francisco", "California", "United States", "94107", "37.7697", "-122.3933"),
        ("Ashburn", "Virginia", "United States", "20149", "39.0469", "-77.4903"),
        ("New York", "New York", "United States", "10011", "40.7402", "-73.9996"),
        ("Toronto", "Ontario", "Canada", "M5A", "43.6547", "-79.3623"),
        ("London", "England", "United Kingdom", "EC2V", "51.5164", "-0.093"),
        ("Dublin", "Leinster", "Ireland", "D02", "53.3379", "-6.2591"),
        ("Paris", "Île-de-France", "France", "75001", "48.8582", "2.3387"),
        ("München", "Bayern", "Germany", "80331", "48.1351", "11.582"),
        ("Zürich", "Zurich", "Switzerland", "8001", "47.3667", "8.55"),
        ("Kraków", "Lesser Poland", "Poland", "30-001", "50.0614", "19.9366"),
        ("Stockholm", "Stockholm", "Sweden", "111 22", "59.3326", "18.0649"),
        ("São Paulo", "São Paulo", "Brazil", "01000", "-23.5475", "-46.6361"),
        ("Bengaluru", "Karnataka", "India", "560002", "12.9634", "77.5855"),
        ("Singapore", "", "Singapore", "018989", "1.2868", "103.8503"),
        ("東京", "Tokyo", "Japan", "100-0001", "35.6893", "139.6899"),
        ("Sydney", "New South Wales", "Australia", "2000", "-33.8715", "151.2006"),
    ]
    private static let agentTable: [(String, String, String, StaticString)] = [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
            "Windows 10", "CHROME", "Computer"
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Mac OS 14.5 (Sonoma)", "SAFARI", "Computer"
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Linux", "FIREFOX", "Computer"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
            "iOS", "SAFARI", "Mobile"
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Mobile Safari/537.36",
            "Android 14", "CHROME", "Mobile"
        ),
        ("okta-sdk-python/2.9.8 python/3.12.4 Linux/6.1", "Linux", "UNKNOWN", "Unknown"),
        ("curl/8.9.1", "Unknown", "UNKNOWN", "Unknown"),
        ("B7F62B65BN.com.okta.mobile/8.23.0 DeviceSDK/1.0 iOS/17.6 Apple/iPhone15,3", "iOS 17.6", "UNKNOWN", "Mobile"),
    ]
}
