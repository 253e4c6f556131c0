// swift-tools-version: 6.2
import PackageDescription

// In CI, warnings are errors. Elsewhere, a warning of a newer compiler must not prevent a build.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

// A release links simdjson statically (packaging/static-simdjson), because the name of the shared library changes from one release of a distribution
// to the next. The linker lld can store relocations in a compact form, which saves 2 MB of the program and of its memory; it needs glibc 2.36.
let linking: [LinkerSetting] =
    Context.environment["TRIBUTARY_RELEASE"] == nil
    ? [.linkedLibrary("simdjson")]
    : [
        .linkedLibrary(":libsimdjson.a"),
        .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]),
    ]

// Dependencies follow the flow of the data: OktaAPI, OCSF and Spool do not depend on each other, and Collector joins them.
let package = Package(
    name: "tributary",
    products: [
        .executable(name: "tributary", targets: ["tributary"]),
        .executable(name: "okta-simulator", targets: ["okta-simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CSimdjson", linkerSettings: linking),
        .target(name: "CEventCatalog"),
        // These targets depend on no other target, and every target may use them.
        .target(name: "CommandHints", swiftSettings: strict),
        .target(name: "Time", swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(
            name: "CRecordSchemas", exclude: ["ocsf-1.3.0.tsv", "ocsf-1.5.0.tsv", "choices.tsv"]),
        // An HTTP client on libcurl. It knows nothing about the services that it calls.
        .target(name: "CurlHTTPClient", dependencies: ["CCurl", "Gzip"], swiftSettings: strict),
        .target(
            name: "OktaAPI",
            dependencies: [
                "CommandHints", "CurlHTTPClient", "Time", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"), .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: strict),
        .target(
            name: "OCSF", dependencies: ["CSimdjson", "CEventCatalog", "CRecordSchemas", "Digests", "Time"],
            swiftSettings: strict),
        .target(
            name: "Spool", dependencies: ["CLinux", "CZstd", "CZlib", "CommandHints", "Digests", "Gzip", "Time"],
            swiftSettings: strict),
        .target(
            name: "Configuration", dependencies: ["CYaml", "CommandHints", "CurlHTTPClient", "OktaAPI", "Time"],
            swiftSettings: strict),
        .target(name: "Credentials", dependencies: ["CLinux", "CommandHints", "Configuration"], swiftSettings: strict),
        .target(name: "Setup", dependencies: ["CommandHints", "Configuration", "Credentials"], swiftSettings: strict),
        .target(
            name: "Systemd",
            dependencies: ["CSystemd", "Time", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        // The response log: the response helper writes it, and the collector reads it. The two share nothing else.
        .target(name: "ResponseLog", dependencies: ["Spool"], swiftSettings: strict),
        // Response actions: acts on users with a separate credential, and does not depend on anything that collects.
        .target(
            name: "Respond",
            dependencies: [
                "CLinux", "Configuration", "CurlHTTPClient", "OktaAPI", "ResponseLog", "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "Collector",
            dependencies: [
                "CLinux", "CommandHints", "Configuration", "Credentials", "CurlHTTPClient", "Delivery", "Fleet", "OCSF",
                "OktaAPI",
                "ResponseLog", "Spool", "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(name: "CStatusPage", exclude: ["page.html"]),
        // No target imports CThreadPriority. It replaces a function of the C library in the program.
        .target(name: "CThreadPriority"),
        // An HTTP server for programs on this host. It depends on no other target.
        .target(
            name: "LocalServer",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        // A loader of the spool. It does not depend on anything that collects.
        .target(
            name: "Delivery",
            dependencies: [
                "CommandHints", "Configuration", "CurlHTTPClient", "Digests", "OCSF", "Spool", "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        // Several hosts with one spool in a bucket. The bucket decides which host's seal counts, and leases decide which host collects.
        .target(
            name: "Fleet",
            dependencies: [
                "CommandHints", "Configuration", "CurlHTTPClient", "Delivery", "Spool", "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // Shows the daemon's state to programs and people on its host.
        .target(
            name: "Monitoring",
            dependencies: [
                "CStatusPage", "Collector", "Configuration", "Delivery", "Digests", "LocalServer", "Time",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "tributary",
            dependencies: [
                "CLinux", "CThreadPriority", "Collector", "CommandHints", "Configuration", "Credentials",
                "CurlHTTPClient", "Delivery",
                "Digests", "Fleet", "Monitoring", "OCSF", "OktaAPI", "Respond", "ResponseLog", "Setup", "Spool",
                "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(
            name: "OktaSimulator",
            dependencies: [
                "CZlib", "COktaCatalog", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(name: "COktaCatalog", exclude: ["catalog.tsv"]),
        .executableTarget(
            name: "okta-simulator",
            dependencies: ["OktaSimulator", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        .target(name: "NormalizerCheck", dependencies: ["OCSF"], path: "Fuzz/NormalizerCheck", swiftSettings: strict),
        .target(name: "CAllocationCount", path: "Benchmarks/CAllocationCount"),
        .executableTarget(
            name: "normalizer-benchmark",
            dependencies: ["OCSF", "CAllocationCount"],
            path: "Benchmarks/normalizer-benchmark",
            swiftSettings: strict),
        .executableTarget(
            name: "spool-benchmark", dependencies: ["Spool"], path: "Benchmarks/spool-benchmark", swiftSettings: strict),
        // Runs the connected parts of the daemon with a simulated org, disk and clock. A seed determines what happens.
        .target(
            name: "CollectionSimulation",
            dependencies: [
                "Collector", "CurlHTTPClient", "Delivery", "Fleet", "OCSF", "OktaAPI", "Spool", "Systemd", "Time",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/CollectionSimulation", swiftSettings: strict),
        .executableTarget(
            name: "simulate-collection",
            dependencies: ["CollectionSimulation"], path: "Tests/simulate", exclude: ["faults"],
            swiftSettings: strict),
        .target(name: "TestSupport", dependencies: ["CZlib"], path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "NetworkFixtures", path: "Tests/NetworkFixtures", swiftSettings: strict),
        .testTarget(name: "TimeTests", dependencies: ["Time"], swiftSettings: strict),
        .testTarget(name: "GzipTests", dependencies: ["CZlib", "Gzip", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"], swiftSettings: strict),
        .testTarget(
            name: "CurlHTTPClientTests", dependencies: ["CCurl", "CurlHTTPClient", "NetworkFixtures", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "OktaAPITests",
            dependencies: [
                "CurlHTTPClient", "OktaAPI", "NetworkFixtures", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "OCSFTests", dependencies: ["OCSF", "NormalizerCheck", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "SpoolTests", dependencies: ["Spool", "CollectionSimulation"], swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "Configuration", "Credentials", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SetupTests", dependencies: ["Configuration", "Credentials", "Setup", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SystemdTests",
            dependencies: ["Systemd", "TestSupport", "Time", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .testTarget(
            name: "OktaSimulatorTests",
            dependencies: ["OktaSimulator", "CZlib", "ResponseLog", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .testTarget(
            name: "CollectorTests",
            dependencies: [
                "CollectionSimulation", "Collector", "Configuration", "CurlHTTPClient", "Fleet", "OCSF", "OktaAPI",
                "OktaSimulator", "ResponseLog", "Spool", "Systemd", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "Configuration", "CurlHTTPClient", "Delivery", "NetworkFixtures", "Spool", "Systemd",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FleetTests",
            dependencies: [
                "Configuration", "CurlHTTPClient", "Delivery", "Fleet", "NetworkFixtures", "Spool", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ResponseLogTests", dependencies: ["CollectionSimulation", "ResponseLog", "Spool"],
            swiftSettings: strict),
        .testTarget(
            name: "RespondTests",
            dependencies: [
                "Configuration", "CurlHTTPClient", "OktaAPI", "OktaSimulator", "Respond", "ResponseLog", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["matrix.txt"], swiftSettings: strict),
        .testTarget(
            name: "TributaryTests",
            dependencies: ["tributary", "Collector", "Configuration", "Fleet", "Respond", "ResponseLog", "Setup"],
            swiftSettings: strict),
        .testTarget(
            name: "LocalServerTests",
            dependencies: [
                "LocalServer", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: strict),
        .testTarget(
            name: "MonitoringTests",
            dependencies: ["Collector", "Delivery", "LocalServer", "Monitoring", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "tributary", "Collector", "Delivery", "OCSF", "Spool", "OktaSimulator", "NetworkFixtures",
                "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)

// The fuzz target has no main function, because libFuzzer provides it. So only `make fuzz` may build the target.
if Context.environment["TRIBUTARY_FUZZ"] != nil {
    package.products.append(.library(name: "NormalizerFuzz", type: .static, targets: ["NormalizerFuzz"]))
    package.targets.append(
        .target(
            name: "NormalizerFuzz", dependencies: ["OCSF", "NormalizerCheck"], path: "Fuzz/NormalizerFuzz",
            swiftSettings: strict))
}
