"""The claims, a row each, and the protocol in miniature of each paper. The study `claims` has all that they compare."""

from __future__ import annotations

from .claim import Claim, few, many, of

__all__ = ["CLAIMS", "PROTOCOLS", "TITLES"]

GOOD = ("same", "noisy-2")  # problems whose pretrained features fit the target
OTHER = ("parity", "halves")  # and such that have other classes in source and target

#: What is no entry of the bibliography.
TITLES = {"cs231n": "CS231n, notes on transfer learning"}

#: What was done for each paper, in the order in which cards are shown.
PROTOCOLS: dict[str, str] = {
    "yosinski2014": (
        "Five random digits are B, the other five A. Layers are copied from a network pretrained on "
        "A, or on B itself, and frozen or trained on."
    ),
    "kumar2022": (
        "The head first, then everything, against fine-tuning with as many epochs of it; accuracy on"
        " held-out digits as they are, and rotated or noisy."
    ),
    "li2018": "Fine-tuning with and without a pull towards the pretrained weights, at one strength.",
    "howard2018": "Fine-tuning with rates that fall by layer, with layers unfrozen from the head down, and with both.",
    "raghu2019": (
        "Random weights with the mean and the variance of the pretrained ones, and the pretrained "
        "ones in the lower layers alone; updates until scratch’s final loss."
    ),
    "kornblith2019": "Over seeds, each with a pretraining of its own; the paper compares architectures.",
    "neyshabur2020": (
        "Two trainings that differ in what is drawn: the head of a pretrained network, all weights of a random one. On "
        "the straight line between the two, how many points of accuracy are lost?"
    ),
    "hu2021": (
        "A low-rank update beside frozen weights, of rank one and of rank eight, on layers of few "
        "units, where it saves little."
    ),
    "benzaken2022": "Biases and head alone are trained, against all weights.",
    "lee2023": (
        "One layer and the head are trained: the first, where the inputs of the target are shifted; "
        "the last, where its labels are others."
    ),
    "bernico2017": "Fine-tuning against a new head on frozen features, on a near source and on others.",
    "cs231n": "The four cases of the course notes, each by the strategy that it names first.",
    "bouthillier2021": (
        "Each seed draws split, subset, weights, order and pretraining anew; intervals are over seeds, and claims are "
        "corrected together."
    ),
    "vtab2019": (
        "Everything that is chosen is chosen inside the labels of the target, and the held-out set is read once."
    ),
}

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "yosinski-fragile",
        "yosinski2014",
        (
            "A network whose own first two layers are frozen, and the rest drawn anew, is worse than"
            " one trained from scratch: broken co-adaptation."
        ),
        (of("scratch-source-scaler", "halves-self"),),
        (of("transplant-2", "halves-self"),),
    ),
    Claim(
        "yosinski-specific",
        "yosinski2014",
        "All layers frozen, those of another task are worse than its own: specificity.",
        (of("transplant-3", "halves-self"),),
        (of("transplant-3", "halves"),),
    ),
    Claim(
        "yosinski-specificity-grows",
        "yosinski2014",
        "The higher the layers that are frozen, the more another task’s are worse than its own.",
        (of("transplant-3", "halves-self"), of("transplant-1", "halves")),
        (of("transplant-3", "halves"), of("transplant-1", "halves-self")),
    ),
    Claim(
        "yosinski-recovered",
        "yosinski2014",
        "Trained on, its own copied layers do as well as training from scratch.",
        (of("transfuse-2", "halves-self"),),
        (of("scratch-source-scaler", "halves-self"),),
        expects="equal",
    ),
    Claim(
        "yosinski-gain",
        "yosinski2014",
        "Trained on, another task’s layers are better than training from scratch, even with many labels.",
        (many("transfuse-3", "halves"),),
        (many("scratch-source-scaler", "halves"),),
    ),
    Claim(
        "yosinski-random",
        "yosinski2014",
        "Frozen layers of another task are better than frozen random ones.",
        (of("transplant-2", "halves"),),
        (of("random-frozen-2", "halves"),),
    ),
    Claim(
        "kumar-drift",
        "kumar2022",
        "Features move less if the head is trained first.",
        (of("finetune-half", *GOOD, *OTHER),),
        (of("lp-ft", *GOOD, *OTHER),),
        measure="drift",
    ),
    Claim(
        "kumar-in",
        "kumar2022",
        "On data as in training, the head first is better than fine-tuning at once.",
        (of("lp-ft", *GOOD),),
        (of("finetune-half", *GOOD),),
    ),
    Claim(
        "kumar-out",
        "kumar2022",
        "On shifted data, the head first is better than fine-tuning at once.",
        (of("lp-ft", *GOOD),),
        (of("finetune-half", *GOOD),),
        measure="shifted",
    ),
    Claim(
        "kumar-frozen-out",
        "kumar2022",
        "On shifted data, frozen good features are better than fine-tuned ones.",
        (of("frozen", *GOOD),),
        (of("finetune", *GOOD),),
        measure="shifted",
    ),
    Claim(
        "li-pull",
        "li2018",
        "Fine-tuning that is pulled to its start is better than plain fine-tuning.",
        (of("l2-sp", *GOOD, *OTHER),),
        (of("finetune", *GOOD, *OTHER),),
    ),
    Claim(
        "li-few",
        "li2018",
        "The pull gains more with few labels than with many.",
        (few("l2-sp", *GOOD, *OTHER), many("finetune", *GOOD, *OTHER)),
        (few("finetune", *GOOD, *OTHER), many("l2-sp", *GOOD, *OTHER)),
    ),
    Claim(
        "howard-discriminative",
        "howard2018",
        "Rates that fall by layer are better than one rate.",
        (of("discriminative", *GOOD, *OTHER),),
        (of("finetune", *GOOD, *OTHER),),
    ),
    Claim(
        "howard-gradual",
        "howard2018",
        "Gradual unfreezing alone does as well as fine-tuning all at once.",
        (of("gradual", *GOOD, *OTHER),),
        (of("finetune", *GOOD, *OTHER),),
        expects="equal",
    ),
    Claim(
        "howard-both",
        "howard2018",
        "Gradual unfreezing with rates that fall by layer is better than fine-tuning.",
        (of("gradual-discriminative", *GOOD, *OTHER),),
        (of("finetune", *GOOD, *OTHER),),
    ),
    Claim(
        "howard-last",
        "howard2018",
        "The head alone underfits where the source’s classes are coarse.",
        (of("finetune", "parity"),),
        (of("frozen", "parity"),),
    ),
    Claim(
        "howard-few",
        "howard2018",
        "With few labels, fine-tuning is better than training from scratch.",
        (few("finetune", *GOOD, *OTHER),),
        (few("scratch", *GOOD, *OTHER),),
    ),
    Claim(
        "raghu-meanvar",
        "raghu2019",
        "Mean and variance of the pretrained weights alone make training sooner than scratch through the same scaler.",
        (of("scratch-source-scaler", *OTHER),),
        (of("meanvar", *OTHER),),
        measure="updates",
    ),
    Claim(
        "raghu-weights",
        "raghu2019",
        "The pretrained weights themselves make it sooner than their mean and variance.",
        (of("meanvar", *OTHER),),
        (of("transfuse-3", *OTHER),),
        measure="updates",
    ),
    Claim(
        "raghu-lowest",
        "raghu2019",
        "What is reused is in the lowest layer: copying it alone does as well as copying all.",
        (of("transfuse-1", *OTHER),),
        (of("transfuse-3", *OTHER),),
        expects="equal",
    ),
    Claim(
        "kornblith-source",
        "kornblith2019",
        "The more accurate a network is on its source, the more accurate it is after transfer.",
        (of("finetune", *GOOD, *OTHER),),
        (),
        measure="follows",
    ),
    Claim(
        "neyshabur-basin",
        "neyshabur2020",
        "Two trainings from pretrained weights end in one basin: less is lost between them than from random ones.",
        (of("scratch", "halves"),),
        (of("finetune", "halves"),),
        measure="barrier",
    ),
    Claim(
        "hu-equal",
        "hu2021",
        "A low-rank update does as well as fine-tuning all weights.",
        (of("lora-8", *GOOD, *OTHER),),
        (of("finetune", *GOOD, *OTHER),),
        expects="equal",
    ),
    Claim(
        "hu-small",
        "hu2021",
        "A very small rank is enough: rank one does as well as rank eight.",
        (of("lora-1", *GOOD, *OTHER),),
        (of("lora-8", *GOOD, *OTHER),),
        expects="equal",
    ),
    Claim(
        "benzaken-few",
        "benzaken2022",
        "With few labels, biases and head alone are better than all weights.",
        (few("bitfit", *GOOD, *OTHER),),
        (few("finetune", *GOOD, *OTHER),),
    ),
    Claim(
        "benzaken-many",
        "benzaken2022",
        "With many labels, all weights are better than biases and head alone.",
        (many("finetune", *GOOD, *OTHER),),
        (many("bitfit", *GOOD, *OTHER),),
    ),
    Claim(
        "lee-inputs",
        "lee2023",
        "Where inputs are shifted, tuning the first layer is better than tuning the last.",
        (of("first-layer", "noisy-2"),),
        (of("last-layer", "noisy-2"),),
    ),
    Claim(
        "lee-labels",
        "lee2023",
        "Where labels are others, tuning the last layer is better than tuning the first.",
        (of("last-layer", "parity"),),
        (of("first-layer", "parity"),),
    ),
    Claim(
        "bernico-distant",
        "bernico2017",
        "From a distant source, fine-tuning is better than a new head on frozen features.",
        (of("finetune", *OTHER),),
        (of("frozen", *OTHER),),
    ),
    Claim(
        "bernico-near",
        "bernico2017",
        "From a near source and with few labels, frozen features do as well as fine-tuning.",
        (few("frozen", "same"),),
        (few("finetune", "same"),),
        expects="equal",
    ),
    Claim(
        "cs231n-similar-few",
        "cs231n",
        "Similar and few: a linear classifier on the top features is better than fine-tuning.",
        (few("frozen", *GOOD),),
        (few("finetune", *GOOD),),
    ),
    Claim(
        "cs231n-similar-many",
        "cs231n",
        "Similar and many: fine-tuning is better than a linear classifier on the top features.",
        (many("finetune", *GOOD),),
        (many("frozen", *GOOD),),
    ),
    Claim(
        "cs231n-different-few",
        "cs231n",
        "Different and few: earlier features are better than the top ones.",
        (few("probe-1", *OTHER),),
        (few("frozen", *OTHER),),
    ),
    Claim(
        "cs231n-different-many",
        "cs231n",
        "Different and many: fine-tuning is better than training from scratch.",
        (many("finetune", *OTHER),),
        (many("scratch", *OTHER),),
    ),
)
