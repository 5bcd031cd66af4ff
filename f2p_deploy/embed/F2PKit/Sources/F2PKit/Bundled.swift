@_exported import F2PCore

#if canImport(CoreML) && canImport(Vision)
    import CoreML
    import Foundation

    extension CharacterGenerator {
        /// Creates a generator of the models that lie in this package, or in a folder of your own.
        ///
        /// Nothing is compiled or loaded yet: `warmUp(mode:)` does that, best behind a loading screen.
        ///
        /// - Parameters:
        ///   - folder: a folder with `contract.json` and models, such as one that the game has downloaded.
        ///   - units: which processors Core ML may use.
        /// - Throws: `F2PError` of the kind `missing` if there is no contract, or one of another format.
        public static func bundled(folder: URL? = nil, units: MLComputeUnits = .all) throws -> CharacterGenerator {
            guard let models = folder ?? modelsInPackage else {
                throw F2PError(.missing, "the app holds no folder Models of F2PKit: is F2PKit_F2PKit.bundle in it?")
            }
            return CharacterGenerator(
                contract: try Contract(contentsOf: models.appendingPathComponent("contract.json")),
                networks: try CoreMLNetworks(folder: models, units: units),
                finder: VisionFaceFinder())
        }

        /// The models of this package, wherever the app was built to keep them.
        static var modelsInPackage: URL? { Bundle.module.url(forResource: "Models", withExtension: nil) }
    }
#endif
