/// OCSF's `os.type_id` for Okta's names of platforms. Some of these names come from devices (`MACOS`, `OSX`, `CHROMEOS`), others from Okta's parser
/// of user agents ("Mac OS 14.5.0 (Sonoma)", "Windows 10", "iOS (iPad)").
enum OperatingSystem {
    /// The `type_id` of a platform; 99 for a platform that OCSF does not list, such as ChromeOS.
    static func typeID(_ name: JSONText) -> Int {
        if begins(name, "windows") {
            return name.containsIgnoringCase("phone") || name.containsIgnoringCase("mobile") ? 101 : 100
        }
        // This check comes before the one for macOS, because an iPad's browser says "Mac OS X (iPad)".
        if name.containsIgnoringCase("ipad") { return 302 }
        if name.containsIgnoringCase("iphone") || name.containsIgnoringCase("ipod") || begins(name, "ios") {
            return 301
        }
        if begins(name, "mac") || begins(name, "osx") || begins(name, "os x") || begins(name, "darwin") { return 300 }
        if begins(name, "android") { return 201 }
        if name.containsIgnoringCase("linux") || begins(name, "ubuntu") || begins(name, "debian")
            || begins(name, "fedora")
            || begins(name, "centos") || begins(name, "red hat") || begins(name, "rhel") || begins(name, "suse")
            || begins(name, "opensuse")
        {
            return 200
        }
        if begins(name, "solaris") || begins(name, "sunos") { return 400 }
        if begins(name, "aix") { return 401 }
        if begins(name, "hp-ux") || begins(name, "hpux") { return 402 }
        return 99
    }

    /// Whether the name begins with `word`. More letters may follow: both "MACOS" and "Mac OS" begin with "mac".
    private static func begins(_ name: JSONText, _ word: StaticString) -> Bool {
        name.count >= word.utf8CodeUnitCount && name.slice(0..<word.utf8CodeUnitCount).equalsIgnoringCase(word)
    }
}
