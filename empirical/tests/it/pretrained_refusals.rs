//! Hugging Face's files that are refused: of other models, missing or changed.

use std::fs;

use breakeven_empirical::loaded::Loaded;
use breakeven_empirical::model::{Architecture, InputShape};
use breakeven_empirical::weights::load_weights;
use serde_json::json;

use crate::pretrained::{CLASSES, Folder, texts};

#[test]
fn a_classifier_of_other_classes_is_refused() {
    let folder = Folder::new();
    let path = folder.path().join("model.safetensors");
    let error = load_weights(&path, folder.model(2).parameters()).unwrap_err();
    assert_eq!(
        folder.said(error),
        "FOLDER/model.safetensors has a classifier of 3 classes, the data has 2: take weights that were trained for \
         2 classes, or a copy without `classifier.*`, which is drawn then"
    );
}

#[test]
fn variants_that_are_not_computed_are_refused_with_what_is() {
    for (changed, expected) in [
        (
            json!({"hidden_act": "quick_gelu"}),
            "FOLDER/config.json: hidden_act is quick_gelu, only gelu, gelu_new or relu is computed here",
        ),
        (
            json!({"model_type": "roberta"}),
            "FOLDER/config.json: model_type is roberta, only bert is",
        ),
        (
            json!({"position_embedding_type": "relative_key"}),
            "position_embedding_type is relative_key, only absolute is",
        ),
        (
            json!({"is_decoder": true}),
            "is_decoder is true, only false is",
        ),
        (
            json!({"hidden_size": "8"}),
            "FOLDER/config.json is not what Hugging Face saves of a bert",
        ),
    ] {
        let said = Folder::new().with(&changed).shape().unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    for (changed, expected) in [
        (json!({"layer_norm_eps": 0.0}), "layer_norm_eps is 0"),
        (
            json!({"num_attention_heads": 3}),
            "can't be shared by 3 heads",
        ),
        (
            json!({"max_position_embeddings": 19}),
            "texts have 20 word pieces, the pretrained bert has 19 positions (max_position_embeddings of its \
             config.json): give a length of at most 19",
        ),
        (
            json!({"vocab_size": 36}),
            "the texts' vocabulary has 37 word pieces, the bert has embeddings of 36 (vocab_size)",
        ),
    ] {
        let folder = Folder::new().with(&changed);
        let inputs = InputShape::Text {
            vocabulary: 37,
            length: 20,
        };
        let built = Architecture::Bert(folder.shape().unwrap()).build(inputs, CLASSES);
        let said = built.err().unwrap().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_files_of_a_folder_are_asked_for_by_name() {
    let without = |name: &str| {
        let folder = Folder::new();
        fs::remove_file(folder.path().join(name)).unwrap();
        folder
    };
    let said = without("config.json").shape().unwrap_err();
    assert!(
        said.contains("FOLDER/config.json is not there: put"),
        "{said}"
    );
    let folder = without("model.safetensors");
    let said = folder.shape().unwrap_err();
    assert!(said.contains("FOLDER holds no model.safetensors"), "{said}");
    fs::write(folder.path().join("pytorch_model.bin"), b"PK").unwrap();
    let said = folder.shape().unwrap_err();
    assert!(
        said.contains("torch.load(\"FOLDER/pytorch_model.bin\""),
        "{said}"
    );

    // The built-in pairs come with other pieces, which the model does not know.
    let folder = without("vocab.txt");
    let architecture = Architecture::Bert(folder.shape().unwrap());
    let data = Loaded::of(&texts(20), None, &architecture).unwrap().train;
    let said = architecture.build(data.shape(), CLASSES).err().unwrap();
    let said = said.to_string();
    assert!(
        said.contains("has 2052 word pieces, the bert has embeddings of 40"),
        "{said}"
    );
    // Fewer are no better.
    let fewer = InputShape::Text {
        vocabulary: 39,
        length: 20,
    };
    assert!(architecture.build(fewer, CLASSES).is_err());
}

#[test]
fn files_that_have_changed_since_are_refused() {
    let folder = Folder::new();
    let architecture = Architecture::Bert(folder.shape().unwrap());
    let pretrained = architecture.pretrained().unwrap();
    let pieces = folder.path().join("vocab.txt");
    let text = fs::read_to_string(&pieces).unwrap();
    fs::write(&pieces, format!("{text}new\n")).unwrap();
    let error = Loaded::of(&texts(20), None, &architecture).unwrap_err();
    let said = folder.said(error);
    assert!(
        said.contains("FOLDER/vocab.txt is not the file that"),
        "{said}"
    );

    let hashed = fs::read(folder.path().join("model.safetensors")).unwrap();
    let folder = folder.tensors(|all| drop(all.remove("classifier.bias")));
    // What was hashed is held, once.
    let (_, taken) = pretrained.take_weights().unwrap();
    assert!(taken == hashed);
    let said = folder.said(pretrained.take_weights().unwrap_err());
    assert!(
        said.contains("FOLDER/model.safetensors is not the file that"),
        "{said}"
    );
}
